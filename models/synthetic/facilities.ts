import { Random } from './random.ts';

/** The made-up health service is the same for every seed: only patients change. */
const SERVICE_SEED = 0x5e61_7a11;
const SITES = 2262;
const PATIENTS_A_SITE = 716;
const LARGEST_SITE = 13_382;
const INTERCEPT_SD = 0.5;
/** Log of the mean odds over sites drawn at that spread. */
const MEAN_INTERCEPT = INTERCEPT_SD ** 2 / 2;

const STATES = [
  'Abia', 'Adamawa', 'Akwa Ibom', 'Anambra', 'Bauchi', 'Bayelsa', 'Benue', 'Borno', 'Cross River', 'Delta',
  'Ebonyi', 'Edo', 'Ekiti', 'Enugu', 'FCT', 'Gombe', 'Imo', 'Jigawa', 'Kaduna', 'Kano', 'Katsina', 'Kebbi',
  'Kogi', 'Kwara', 'Lagos', 'Nasarawa', 'Niger', 'Ogun', 'Ondo', 'Osun', 'Oyo', 'Plateau', 'Rivers', 'Sokoto',
  'Taraba', 'Yobe', 'Zamfara',
] as const; // prettier-ignore

export interface Facility {
  /** Eleven characters like a DATIM id, beginning with `SYN`. */
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly lga: string;
  /** Patients relative to the mean site. */
  readonly weight: number;
  /** Log odds of interruption against the mean of the cohort's patients; unseen by the model. */
  readonly intercept: number;
  /** Share of the day's records that are entered later. */
  readonly lateEntry: number;
  /** Mean days by which they are. */
  readonly entryDelayDays: number;
  /** Whether the site's export gives answers as concepts, with groups of observations; else words, side by side. */
  readonly isCoded: boolean;
  /** Days before the end of the data at which the site's own reporting stops. */
  readonly reportingLagDays: number;
}

/**
 * Sites of the synthetic service: log-normal sizes (μ 5.70, σ 1.22, at most 13,382; Kenya's list of 2,020
 * sites), random intercept SD 0.5. `pick` draws a site in proportion to its size (Walker's alias method).
 */
export class Facilities {
  readonly list: readonly Facility[];
  readonly #threshold: Float64Array;
  readonly #alias: Int32Array;

  /** As many sites as `patients` fill at the mean of 716 a site, at most 2,262. */
  constructor(patients: number) {
    const n = Math.min(SITES, Math.max(1, Math.ceil(patients / PATIENTS_A_SITE)));
    const sites = Array.from({ length: n }, (_, i) => facility(i));
    const total = sites.reduce((sum, f) => sum + f.weight, 0);
    // A few great sites must not move the whole cohort's odds.
    const mean = Math.log(sites.reduce((sum, f) => sum + f.weight * Math.exp(f.intercept), 0) / total);
    this.list = sites.map((f) => ({ ...f, intercept: f.intercept - mean + MEAN_INTERCEPT }));
    this.#threshold = new Float64Array(n).fill(1);
    this.#alias = Int32Array.from({ length: n }, (_, i) => i);
    const share = this.list.map((f) => (f.weight / total) * n);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < n; i++) (share[i]! < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const s = small.pop()!;
      const l = large.pop()!;
      this.#threshold[s] = share[s]!;
      this.#alias[s] = l;
      share[l] = share[l]! + share[s]! - 1;
      (share[l] < 1 ? small : large).push(l);
    }
  }

  pick(random: Random): Facility {
    const i = random.below(this.list.length);
    return this.list[random.uniform() < this.#threshold[i]! ? i : this.#alias[i]!]!;
  }

  /** A state other than the given one. */
  otherState(state: string, random: Random): string {
    const other = STATES[random.below(STATES.length)]!;
    return other === state ? STATES[(STATES.indexOf(other) + 1) % STATES.length]! : other;
  }
}

function facility(index: number): Facility {
  const random = new Random().seed(SERVICE_SEED, index);
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  let id = '';
  let rest = index;
  for (let i = 0; i < 3; i++, rest = Math.floor(rest / 32)) id = alphabet[rest % 32]! + id;
  for (let i = 0; i < 5; i++) id += alphabet[random.below(32)]!;
  const state = STATES[random.below(STATES.length)]!;
  return {
    id: `SYN${id}`,
    name: `Synthetic Health Facility ${String(index + 1).padStart(4, '0')}`,
    state,
    lga: `${state} LGA ${1 + random.below(20)}`,
    weight: Math.min(Math.exp(5.7 + 1.22 * random.normal()), LARGEST_SITE) / PATIENTS_A_SITE,
    intercept: INTERCEPT_SD * random.normal(),
    lateEntry: Math.min(0.7, random.exponential(0.2)),
    reportingLagDays: random.chance(0.1) ? 20 + random.below(120) : random.below(4),
    entryDelayDays: 4 + Math.min(26, random.exponential(8)),
    isCoded: random.chance(0.7),
  };
}
