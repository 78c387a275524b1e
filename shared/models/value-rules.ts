import { readBoolean } from '#patients/values/booleans.ts';
import { shownText } from '#patients/values/cell-text.ts';
import { isMissing } from '#patients/values/missing.ts';
import { type NumberStyle, readNumber } from '#patients/values/numbers.ts';
import { readSex } from '#patients/values/sex.ts';
import type { ManifestFeature } from '#shared/models/manifest.ts';

export type ValueFaultCode =
  | 'ambiguous_number'
  | 'not_a_boolean'
  | 'not_a_number'
  | 'not_an_integer'
  | 'not_finite'
  | 'out_of_range'
  | 'unknown_category';

/** Why a value is none of its feature's; the message names the feature and never repeats the value. */
export class ValueFault {
  readonly code: ValueFaultCode;
  readonly message: string;

  constructor(code: ValueFaultCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

const INFINITE = /^[+-]?(?:inf|infinity|1\.#inf|#inf)$/iu;

/**
 * The values that a model's features take, for every door: cells of a table, members of a JSON row, online or in a job.
 * Numbers must lie in the feature's range, codes be among its categories; words are read as people write them.
 */
export class ValueRules {
  readonly features: readonly ManifestFeature[];
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** 1 where only whole numbers are values. */
  readonly whole: Uint8Array;
  /** Categorical features whose range has gaps. */
  readonly gapped: readonly { feature: number; codes: ReadonlySet<number> }[];
  readonly #labels: readonly (ReadonlyMap<string, number> | undefined)[];
  readonly #isSex: readonly boolean[];

  constructor(features: readonly ManifestFeature[]) {
    this.features = features;
    this.min = Float64Array.from(features, (feature) => feature.min);
    this.max = Float64Array.from(features, (feature) => feature.max);
    this.whole = Uint8Array.from(features, (feature) => (feature.kind === 'numeric' ? 0 : 1));
    this.gapped = features.flatMap((feature, index) => {
      const codes = new Set(feature.categories?.map(({ code }) => code));
      const inRange = [...codes].filter((code) => code >= feature.min && code <= feature.max);
      return codes.size === 0 || inRange.length === feature.max - feature.min + 1
        ? []
        : [{ feature: index, codes }];
    });
    this.#labels = features.map(
      ({ categories }) =>
        categories && new Map(categories.map(({ code, label }) => [label.trim().toLowerCase(), code])),
    );
    this.#isSex = this.#labels.map((labels) => labels?.get('female') === 0 && labels.get('male') === 1);
  }

  /** A text as a number, not yet judged by `faultOf`; NaN where it is missing. */
  readText(feature: number, text: string, style: NumberStyle = 'unknown'): number | ValueFault {
    const number = readNumber(text, style);
    if (typeof number === 'number') return number;
    const plain = text.length > 256 ? '' : text.trim().toLowerCase();
    const coded = this.#labels[feature]?.get(plain);
    if (coded !== undefined) return coded;
    const { kind } = this.features[feature]!;
    const word =
      kind === 'boolean' ? readBoolean(text) : this.#isSex[feature] === true ? readSex(text) : undefined;
    if (word !== undefined) return word;
    if (isMissing(text)) return Number.NaN;
    const shown = shownText(text);
    if (shown !== text && shown !== text.trim()) return this.readText(feature, shown, style);
    if (kind === 'boolean') return this.#fault(feature, 'not_a_boolean');
    if (kind === 'categorical') return this.#fault(feature, 'unknown_category');
    const share = this.#shareOf(feature, plain, style);
    if (share !== undefined) return share;
    if (INFINITE.test(plain)) return this.#fault(feature, 'not_finite');
    return this.#fault(feature, number === 'ambiguous' ? 'ambiguous_number' : 'not_a_number');
  }

  /** "50%" of a feature that is a share, 0 to 1; a feature that may be larger says nothing of what its per cent are. */
  #shareOf(feature: number, plain: string, style: NumberStyle): number | undefined {
    const { kind, min, max } = this.features[feature]!;
    if (kind !== 'numeric' || min < 0 || max > 1 || !plain.endsWith('%')) return undefined;
    const percent = readNumber(plain.slice(0, -1), style);
    return typeof percent === 'number' ? percent / 100 : undefined;
  }

  /** A member of a JSON object: number, text, boolean or null; judged. NaN where it is missing. */
  readValue(feature: number, value: unknown): number | ValueFault {
    if (value === null) return Number.NaN;
    const number =
      typeof value === 'number'
        ? value
        : typeof value === 'boolean'
          ? this.features[feature]!.kind === 'boolean'
            ? Number(value)
            : this.#fault(
                feature,
                this.features[feature]!.kind === 'categorical' ? 'unknown_category' : 'not_a_number',
              )
          : typeof value === 'string'
            ? this.readText(feature, value)
            : this.#fault(feature, 'not_a_number');
    return typeof number === 'number' ? (this.faultOf(feature, number) ?? number) : number;
  }

  /** Undefined where the number, or NaN for a missing value, is one of the feature's. */
  faultOf(feature: number, value: number): ValueFault | undefined {
    if (Number.isNaN(value)) return undefined;
    const { kind, categories, min, max } = this.features[feature]!;
    if (!Number.isFinite(value)) return this.#fault(feature, 'not_finite');
    if (kind === 'categorical') {
      return (categories?.some(({ code }) => code === value) ?? true) && value >= min && value <= max
        ? undefined
        : this.#fault(feature, 'unknown_category');
    }
    const isWhole = kind === 'numeric' || Number.isInteger(value);
    if (value >= min && value <= max && isWhole) return undefined;
    if (kind === 'boolean') return this.#fault(feature, 'not_a_boolean');
    return this.#fault(feature, value < min || value > max ? 'out_of_range' : 'not_an_integer');
  }

  #fault(feature: number, code: ValueFaultCode): ValueFault {
    const { name, min, max, categories } = this.features[feature]!;
    const sentence: Record<ValueFaultCode, string> = {
      ambiguous_number: `has a comma that may part thousands or decimals; write it without, or with decimals throughout`,
      not_a_boolean: `is neither yes nor no (1 or 0)`,
      not_a_number: `is not a number`,
      not_an_integer: `is not a whole number`,
      not_finite: `is not a finite number`,
      out_of_range: `lies outside ${min} to ${max}`,
      unknown_category: `is none of its codes or labels${categories === undefined ? '' : ` (${categoryList(categories)})`}`,
    };
    return new ValueFault(code, `${name} ${sentence[code]}.`);
  }
}

function categoryList(categories: NonNullable<ManifestFeature['categories']>): string {
  const shown = categories.slice(0, 12).map(({ code, label }) => `${code} ${label}`);
  return categories.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}
