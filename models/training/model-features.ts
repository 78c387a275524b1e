import { FACILITY_FEATURE } from '#patients/features/list/facility.ts';

/**
 * What the model sees, in the order of its columns: each earns its place in the ablation of the model card, or is shown
 * beside the risk. The other features stay known: tables may bring them, and they are named as ignored.
 */
export const MODEL_FEATURES = [
  'age',
  'gender',
  'out_of_catchment',
  'months_on_art',
  'days_to_due',
  'last_days_supply',
  'avg_days_supply',
  'total_dispensations',
  'days_since_last_refill',
  'late_days_mean_5',
  'late_pickups_of_5',
  'late_over_28_days',
  'prior_iit_episodes',
  'days_since_last_iit',
  'days_since_last_visit',
  'viral_load',
  'viral_load_age_days',
  'dsd_model',
  FACILITY_FEATURE,
] as const;

/**
 * The direction in which a feature may move the risk, where the field is sure of it: 1 = a greater value never lowers it,
 * -1 = never raises it. So no patient's longer supply can count against them.
 */
export const DIRECTIONS: Readonly<Partial<Record<(typeof MODEL_FEATURES)[number], 1 | -1>>> = {
  days_to_due: -1,
  last_days_supply: -1,
  avg_days_supply: -1,
  late_days_mean_5: 1,
  late_pickups_of_5: 1,
  late_over_28_days: 1,
  prior_iit_episodes: 1,
  viral_load: 1,
  facility_past_ratio: 1,
};
