import type { Model, ModelFeature } from './model.ts';
import { CATEGORICAL_BIT } from './tree.ts';

/** Categories of one feature that are listed; a bound against lists that no file means. */
const MOST_CATEGORIES = 1 << 20;

/** Pairs feature names with what the file says of their values, or with what the trees ask of them. */
export function featuresOf(model: Model): ModelFeature[] {
  const { names, separator, infos } = model.featureText;
  const nameList = names?.split(separator).filter((name) => name !== '');
  const infoList = infos?.split(separator).filter((info) => info !== '');
  const known = infoList?.length === model.featureCount ? infoList : undefined;
  const asked = askedKinds(model);
  return Array.from({ length: model.featureCount }, (_, index) => {
    const name = nameList?.[index] ?? `f${index}`;
    const fromFile = known === undefined ? undefined : parseInfo(known[index]!);
    return { index, name, ...(fromFile ?? { ...NOTHING_KNOWN, kind: asked.get(index) ?? 'unused' }) };
  });
}

type Info = Omit<ModelFeature, 'index' | 'name'>;
const NOTHING_KNOWN = { min: undefined, max: undefined, categories: undefined };

function askedKinds({ trees, used }: Model): Map<number, 'numerical' | 'categorical'> {
  const kinds = new Map<number, 'numerical' | 'categorical'>();
  for (const tree of trees) {
    for (let node = 0; node < tree.leafCount - 1; node++) {
      const categorical = (tree.decisionType[node]! & CATEGORICAL_BIT) !== 0;
      const place = tree.splitFeature[node]!;
      kinds.set(used?.[place] ?? place, categorical ? 'categorical' : 'numerical');
    }
  }
  return kinds;
}

/** `none`, `[min:max]` or categories `1:0:7`; undefined for anything else. */
function parseInfo(info: string): Info | undefined {
  if (info === 'none') return { ...NOTHING_KNOWN, kind: 'unused' };
  if (info.startsWith('[') && info.endsWith(']')) {
    const [min, max] = info
      .slice(1, -1)
      .split(':')
      .map((bound) => Number(bound.replace(/inf(inity)?$/i, 'Infinity')));
    return { kind: 'numerical', min, max, categories: undefined };
  }
  const categories = info.split(':', MOST_CATEGORIES).map(Number);
  if (info === '' || categories.some((category) => !Number.isInteger(category))) return undefined;
  return { ...NOTHING_KNOWN, kind: 'categorical', categories };
}

/** Values of a pandas categorical column, in the order of their codes. */
export type CategoryLabels = readonly (string | number | boolean | null)[];

/**
 * The categories of the columns that were pandas categoricals in training, in the order of those columns.
 * Undefined where the file keeps none or keeps something else.
 */
export function pandasCategories(text: string | undefined): readonly CategoryLabels[] | undefined {
  if (text === undefined) return undefined;
  try {
    const lists: unknown = JSON.parse(text);
    return Array.isArray(lists) && lists.every((list) => Array.isArray(list))
      ? (lists as CategoryLabels[])
      : undefined;
  } catch {
    return undefined;
  }
}
