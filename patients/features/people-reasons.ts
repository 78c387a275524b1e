/**
 * Mean effect on the log-odds by value, among patients who can be interrupted in the window, against their mean:
 * `effects[i]` of values in `(edges[i-1], edges[i]]`, the first and last open. A manifest carries it (`reason_effects`).
 */
export type ReasonEffects = Readonly<
  Record<string, { readonly edges: readonly number[]; readonly effects: readonly number[] }>
>;

/** Message keys of web/messages, each a sentence of its own. */
export type ReasonKey =
  | 'reason.late_days'
  | 'reason.late'
  | 'reason.late_interrupted'
  | 'reason.interrupted'
  | 'reason.unsuppressed'
  | 'reason.new'
  | 'reason.young'
  | 'reason.far'
  | 'reason.other'
  | 'keep.on_time'
  | 'keep.suppressed'
  | 'keep.long';

export type StepKey =
  | 'step.visit'
  | 'step.call_today'
  | 'step.adherence'
  | 'step.new'
  | 'step.remind'
  | 'step.far'
  | 'step.due';

/** One reason for people: the feature that it rests on and the sentence with its values. */
export type PersonReason = {
  readonly feature: string;
  readonly key: ReasonKey;
  readonly values: Readonly<Record<string, string | number>>;
};

/** What is known of a patient: the value of a feature by its name, `NaN` where it is missing or not of the model. */
export type KnownValues = (feature: string) => number;

/** Log-odds below which a value says too little to be told. */
const LEAST_EFFECT = 0.08;
const NEW_ON_ART_MONTHS = 6;
const LONG_ON_ART_MONTHS = 60;
const YOUNG_FROM = 15;
const YOUNG_BELOW = 25;
/** WHO: from 1,000 copies/mL on, not suppressed. */
const UNSUPPRESSED_FROM = 1000;
const JUDGED_PICKUPS = 5;
const VISIT_FROM_DAYS_LATE = 14;

type Candidate = { readonly effect: number; readonly reason: PersonReason };
type EffectOf = (feature: string) => number;

/**
 * Why a patient stands where they stand, for a health worker: at most one reason from each of three groups (coming on time,
 * the treatment's effect, time and place), the weightiest first. Facts that stand beside it (due date, last supply) are no
 * reasons, nor is a missing value, nor a longer supply. Effects are held against patients who can be interrupted too, so
 * that being due soon does not outweigh everything else.
 *
 * `contributions` are what the run kept of the model's own; they stand in where the manifest has no effects.
 */
export function raisingReasons(
  known: KnownValues,
  effects: ReasonEffects | undefined,
  contributions: ReadonlyMap<string, number> = new Map(),
): PersonReason[] {
  const effectOf = effectsOf(known, effects, contributions);
  const groups: Candidate[][] = [
    lateness(known, effectOf),
    given(known('viral_load') >= UNSUPPRESSED_FROM, effectOf('viral_load'), {
      feature: 'viral_load',
      key: 'reason.unsuppressed',
      values: {},
    }),
    timeAndPlace(known, effectOf),
  ];
  return groups
    .flatMap((group) => group.toSorted(byWeight).slice(0, 1))
    .toSorted(byWeight)
    .map(({ reason }) => reason);
}

/** What speaks for staying in care, by the same groups: worth saying to the patient. */
export function loweringReasons(
  known: KnownValues,
  effects: ReasonEffects | undefined,
  contributions: ReadonlyMap<string, number> = new Map(),
): PersonReason[] {
  const effectOf = effectsOf(known, effects, contributions);
  const judged = judgedPickups(known);
  const months = known('months_on_art');
  const candidates = [
    given(judged >= 3 && known('late_pickups_of_5') === 0, -effectOf('late_pickups_of_5'), {
      feature: 'late_pickups_of_5',
      key: 'keep.on_time',
      values: { judged },
    }),
    given(known('viral_load') < UNSUPPRESSED_FROM, -effectOf('viral_load'), {
      feature: 'viral_load',
      key: 'keep.suppressed',
      values: {},
    }),
    given(months >= LONG_ON_ART_MONTHS, -effectOf('months_on_art'), {
      feature: 'months_on_art',
      key: 'keep.long',
      values: { years: Math.floor(months / 12) },
    }),
  ];
  return candidates
    .flat()
    .toSorted(byWeight)
    .map(({ reason }) => reason);
}

/** The one thing to do next that the reasons and the due date suggest. `daysToDue` is negative when overdue. */
export function nextStep(reasons: readonly PersonReason[], daysToDue: number | undefined): StepKey {
  if (daysToDue !== undefined && daysToDue <= -VISIT_FROM_DAYS_LATE) return 'step.visit';
  if (daysToDue !== undefined && daysToDue < 0) return 'step.call_today';
  const has = (...keys: ReasonKey[]) => reasons.some(({ key }) => keys.includes(key));
  if (has('reason.unsuppressed')) return 'step.adherence';
  if (has('reason.new')) return 'step.new';
  if (has('reason.late', 'reason.late_days', 'reason.late_interrupted', 'reason.interrupted'))
    return 'step.remind';
  return has('reason.far') ? 'step.far' : 'step.due';
}

function lateness(known: KnownValues, effectOf: EffectOf): Candidate[] {
  const late = known('late_pickups_of_5');
  const days = Math.round(known('late_days_mean_5'));
  const times = known('prior_iit_episodes');
  const judged = judgedPickups(known);
  const lateEffect = Math.max(effectOf('late_pickups_of_5'), effectOf('late_days_mean_5'));
  const iitEffect = effectOf('prior_iit_episodes');
  const hasInterrupted = times >= 1 && iitEffect >= LEAST_EFFECT;
  const isLate = late >= 1 && judged >= late && lateEffect >= LEAST_EFFECT;
  const feature = 'late_pickups_of_5';
  if (isLate && hasInterrupted)
    return [
      {
        effect: lateEffect + iitEffect,
        reason: { feature, key: 'reason.late_interrupted', values: { late, judged, times } },
      },
    ];
  if (isLate)
    return [
      {
        effect: lateEffect,
        reason:
          days >= 1
            ? { feature, key: 'reason.late_days', values: { late, judged, days } }
            : { feature, key: 'reason.late', values: { late, judged } },
      },
    ];
  return given(times >= 1, iitEffect, {
    feature: 'prior_iit_episodes',
    key: 'reason.interrupted',
    values: { times },
  });
}

function timeAndPlace(known: KnownValues, effectOf: EffectOf): Candidate[] {
  const months = known('months_on_art');
  const age = known('age');
  const isNew = given(months < NEW_ON_ART_MONTHS, effectOf('months_on_art'), {
    feature: 'months_on_art',
    key: 'reason.new',
    values: { months: Math.floor(months) },
  });
  // The first months are when most are lost: nothing else of the group takes their place.
  if (isNew.length > 0) return isNew;
  return [
    ...given(age >= YOUNG_FROM && age < YOUNG_BELOW, effectOf('age'), {
      feature: 'age',
      key: 'reason.young',
      values: {},
    }),
    ...given(known('out_of_catchment') === 1, effectOf('out_of_catchment'), {
      feature: 'out_of_catchment',
      key: 'reason.far',
      values: {},
    }),
  ];
}

/** How many of the last five pickups could be late at all: all but the first on record. */
function judgedPickups(known: KnownValues): number {
  const pickups = known('total_dispensations');
  return Number.isNaN(pickups) ? JUDGED_PICKUPS : Math.min(JUDGED_PICKUPS, pickups - 1);
}

function given(isTrue: boolean, effect: number, reason: PersonReason): Candidate[] {
  return isTrue && effect >= LEAST_EFFECT ? [{ effect, reason }] : [];
}

function byWeight(a: Candidate, b: Candidate): number {
  return b.effect - a.effect;
}

/** A feature's effect for the patient's value; -Infinity where nothing is known of it, so that it is never told. */
function effectsOf(
  known: KnownValues,
  effects: ReasonEffects | undefined,
  contributions: ReadonlyMap<string, number>,
): EffectOf {
  return (feature) => {
    const value = known(feature);
    if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
    if (effects === undefined) return contributions.get(feature) ?? Number.NEGATIVE_INFINITY;
    const table = Object.hasOwn(effects, feature) ? effects[feature] : undefined;
    if (table === undefined) return Number.NEGATIVE_INFINITY;
    let bin = 0;
    while (bin < table.edges.length && value > table.edges[bin]!) bin++;
    return table.effects[bin] ?? Number.NEGATIVE_INFINITY;
  };
}
