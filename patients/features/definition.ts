import type { History } from './history.ts';

export type FeatureKind = 'numeric' | 'integer' | 'boolean' | 'categorical';

/**
 * From what a line list can know a feature: `snapshot` = one row of one snapshot, `stacked` = several
 * snapshots of the patient, `never` = only an EMR's records.
 */
export type LineListSource = 'snapshot' | 'stacked' | 'never';

export interface Category {
  readonly code: number;
  readonly label: string;
}

/**
 * A feature's words for a health worker. Templates hold `{value}` and the names of other features of the same
 * row, each optionally with a form: `{value:days}` → "1 day", "12 days"; also months, years, copies,
 * percent, pickups, times. Of a list, the first template is used of which every value is known.
 */
export interface FeatureWords {
  /** Short noun phrase, as a column head. */
  readonly label: string;
  /** Where it raises the risk. */
  readonly raises: readonly string[];
  /** Where it lowers the risk. */
  readonly lowers: readonly string[];
  /** For the value 0, in either direction. */
  readonly zero?: string;
  /** For a missing value, in either direction. */
  readonly missing: string;
}

export interface FeatureDefinition {
  readonly name: string;
  readonly kind: FeatureKind;
  /** `''` where it has none */
  readonly unit: string;
  /** Values outside min…max are refused, both ends included. */
  readonly min: number;
  readonly max: number;
  /** Whether a feature table must have the column. A value in it may still be missing. */
  readonly required: boolean;
  readonly categories?: readonly Category[];
  readonly description: string;
  /** Which records it reads. */
  readonly records: string;
  /** What a missing value means. */
  readonly missing: string;
  readonly lineList: LineListSource;
  /** True where it follows the calendar, so that a change of distribution is no drift. */
  readonly calendar: boolean;
  readonly words: FeatureWords;
  /** The value, or `NaN`. Sees only records that were known on or before the as-of date. */
  readonly compute: (history: History) => number;
}

type Given = Omit<FeatureDefinition, 'required' | 'calendar' | 'unit' | 'min' | 'max'> &
  Partial<Pick<FeatureDefinition, 'required' | 'calendar' | 'unit' | 'min' | 'max'>>;

/**
 * Freezes a list of definitions, fills the defaults in (optional column, no unit, 0…1 for booleans, the codes'
 * span for categories) and refuses a list that contradicts itself.
 */
export function defineFeatures(given: readonly Given[]): readonly FeatureDefinition[] {
  const names = new Set<string>();
  return Object.freeze(
    given.map((feature) => {
      if (names.has(feature.name)) throw new Error(`feature ${feature.name} is defined twice`);
      names.add(feature.name);
      const codes = feature.categories?.map((c) => c.code);
      if ((feature.kind === 'categorical') !== (codes !== undefined))
        throw new Error(`feature ${feature.name}: categories belong to the categorical kind`);
      const fallback =
        feature.kind === 'boolean' ? [0, 1] : codes && [Math.min(...codes), Math.max(...codes)];
      const min = feature.min ?? fallback?.[0];
      const max = feature.max ?? fallback?.[1];
      if (min === undefined || max === undefined || min > max)
        throw new Error(`feature ${feature.name} needs a range`);
      return Object.freeze({ required: false, calendar: false, unit: '', ...feature, min, max });
    }),
  );
}
