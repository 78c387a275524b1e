import { EngineError } from '../errors.ts';
import type { ModelFeature } from './model.ts';
import { clip } from './numbers.ts';

type Field = { readonly text: string; readonly line: number };

/**
 * Pairs feature names with what the file says of their values: `none`, `[min:max]` or categories `1:0:7`.
 * @throws EngineError wrong_length, malformed_line
 */
export function parseFeatures(names: Field, infos: Field | undefined, featureCount: number): ModelFeature[] {
  const nameList = names.text.split(' ').filter((name) => name !== '');
  const infoList = infos?.text.split(' ').filter((info) => info !== '');
  for (const [key, found, line] of [
    ['feature_names', nameList.length, names.line],
    ['feature_infos', infoList?.length ?? featureCount, infos?.line],
  ] as const) {
    if (found !== featureCount) {
      throw new EngineError('wrong_length', `${key} lists ${found} features, ${featureCount} expected`, line);
    }
  }
  return nameList.map((name, index) => {
    const info = infoList?.[index] ?? '[-inf:inf]';
    return { index, name, ...parseInfo(info, infos?.line ?? names.line) };
  });
}

function parseInfo(info: string, line: number): Omit<ModelFeature, 'index' | 'name'> {
  if (info === 'none') {
    return { kind: 'unused', min: undefined, max: undefined, categories: undefined };
  }
  if (info.startsWith('[') && info.endsWith(']')) {
    const [min, max] = info
      .slice(1, -1)
      .split(':')
      .map((bound) => Number(bound.replace(/inf(inity)?$/i, 'Infinity')));
    return { kind: 'numerical', min, max, categories: undefined };
  }
  const categories = info.split(':').map(Number);
  if (categories.some((category) => !Number.isInteger(category))) {
    throw new EngineError('malformed_line', `feature_infos holds "${clip(info)}"`, line);
  }
  return { kind: 'categorical', min: undefined, max: undefined, categories };
}
