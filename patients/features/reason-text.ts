import type { FeatureDefinition } from './definition.ts';
import { featureByName, featureIndex } from './features.ts';

/** A patient's features in the order of `FEATURES`, `NaN` = missing. */
export type FeatureRow = ArrayLike<number>;

type Form = (value: number) => string;

const counted =
  (one: string, many: string): Form =>
  (value) =>
    `${plain(value)} ${value === 1 ? one : many}`;

/** Forms of a placeholder, `{value:days}`. */
const FORMS: Readonly<Record<string, Form>> = {
  days: (value) => counted('day', 'days')(Math.round(value)),
  months: (value) =>
    value < 1
      ? 'less than a month'
      : value < 24
        ? counted('month', 'months')(Math.floor(value))
        : counted('year', 'years')(Math.floor(value / 12)),
  times: (value) => (value === 1 ? 'once' : value === 2 ? 'twice' : `${plain(value)} times`),
  pickups: counted('pickup', 'pickups'),
  visits: counted('visit', 'visits'),
  tests: counted('test', 'tests'),
  copies: (value) => `${Math.round(value).toLocaleString('en-GB')} copies/mL`,
  percent: (value) => `${Math.round(value * 100)} %`,
  due: (value) =>
    value > 0
      ? `Due in ${counted('day', 'days')(value)}`
      : value === 0
        ? 'Due today'
        : `${counted('day', 'days')(-value)} past due`,
};

const PLACEHOLDER = /\{(\w+)(?::(\w+))?\}/g;

/**
 * One reason in plain words, from the feature's own template and the patient's own values: "Late for 3 of the
 * last 5 pickups, 12 days on average". A positive contribution takes the raising words, any other the lowering
 * ones. `row` gives the patient's other values to templates that name them; without it the shorter templates
 * are used. A feature that the list does not have is told as `name = value`.
 */
export function reasonText(
  feature: string | FeatureDefinition,
  value: number,
  contribution: number,
  row?: FeatureRow,
): string {
  const definition = typeof feature === 'string' ? featureByName(feature) : feature;
  if (definition === undefined)
    return `${typeof feature === 'string' ? feature : feature.name} ${Number.isNaN(value) ? 'is missing' : `= ${plain(value)}`}`;
  const { words } = definition;
  if (Number.isNaN(value)) return words.missing;
  if (value === 0 && words.zero !== undefined) return words.zero;
  for (const template of contribution > 0 ? words.raises : words.lowers) {
    const text = filled(template, definition, value, row);
    if (text !== undefined) return text;
  }
  return `${words.label}: ${shown(definition, value)}`;
}

/** The template with its values in place; `undefined` where one of them is not known. */
function filled(
  template: string,
  definition: FeatureDefinition,
  value: number,
  row: FeatureRow | undefined,
): string | undefined {
  let isKnown = true;
  const text = template.replace(PLACEHOLDER, (_, name: string, form: string | undefined) => {
    const own = name === 'value';
    const number = own ? value : otherValue(name, row);
    if (Number.isNaN(number)) {
      isKnown = false;
      return '';
    }
    if (form !== undefined) return (FORMS[form] ?? plain)(number);
    return own ? shown(definition, number) : plain(number);
  });
  return isKnown ? text : undefined;
}

/** Value of another feature, or of `judged_N`: how many of the last N pickups could be late at all. */
function otherValue(name: string, row: FeatureRow | undefined): number {
  if (row === undefined) return Number.NaN;
  const judged = /^judged_(\d+)$/.exec(name);
  if (judged === null) return row[featureIndex(name)] ?? Number.NaN;
  const pickups = row[featureIndex('total_dispensations')] ?? Number.NaN;
  return pickups >= 2 ? Math.min(Number(judged[1]), pickups - 1) : Number.NaN;
}

function shown(definition: FeatureDefinition, value: number): string {
  return definition.categories?.find((category) => category.code === value)?.label ?? plain(value);
}

function plain(value: number): string {
  return String(Math.round(value * 100) / 100);
}
