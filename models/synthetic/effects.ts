import { LOOK_BACK_DAYS } from '#patients/features/history.ts';

/**
 * What the generator plants. Odds ratios and shares are assumptions within published ranges, labelled [A] in
 * the domain notes; hazards follow the retention of 2019 starters (85/80/76/72/68 % at 1/3/6/9/12 months).
 */
export const ODDS_RATIOS = {
  priorIit: 3,
  eachLatePickupOfFive: 1.3,
  unsuppressed: 1.8,
  oneMonthSupply: 1.4,
  sixMonthSupply: 0.6,
  age15To24: 1.5,
  male: 1.2,
  pregnantOrPostPartum: 1.3,
  outOfCatchment: 1.5,
  whoStage3Or4: 1.3,
  dsd: 0.7,
} as const;

/** Standard deviation of the patient's own, unseen log odds. */
export const FRAILTY_SD = 0.8;

/**
 * Interruptions a quarter by time on ART, before the effects: first quarter, rest of the year, years two to
 * four, later. Lower than the published averages because the mean of the effects lies above one.
 */
export function quarterlyHazard(daysOnArt: number): number {
  if (daysOnArt < 91) return 0.05;
  if (daysOnArt < 365) return 0.015;
  if (daysOnArt < 730) return 0.0095;
  if (daysOnArt < 1095) return 0.0083;
  return daysOnArt < 1460 ? 0.0073 : 0.0068;
}

/** Exits a quarter that nothing about the patient foretells. */
export const EXITS = {
  /** Gone without a word in the record: looks like an interruption. */
  silentTransfer: 0.0035,
  undocumentedDeath: 0.0025,
  documentedTransfer: 0.004,
  documentedDeath: 0.0015,
} as const;

/** < 15, 15–24, 25–34, 35–44, 45–54, 55+ */
export const AGE_SHARES = [0.04, 0.08, 0.32, 0.31, 0.17, 0.08] as const;
export const AGE_FROM = [1, 15, 25, 35, 45, 55, 80] as const;
export const FEMALE_SHARE = 0.66;

/** Months of medicine given to the established: 1, 2, 3–5, 6 months at 10, 5, 60, 25 %. */
export const SUPPLY_MONTHS = [1, 2, 3, 4, 5, 6] as const;
export const SUPPLY_SHARES = [0.1, 0.05, 0.5, 0.06, 0.04, 0.25] as const;

/** Longest time on ART in the cohort. */
export const LONGEST_ON_ART_DAYS = 12 * 365;

/** Simulated before the look-back begins, so that patterns have settled in. */
export const BURN_IN_DAYS = 200;
export const HISTORY_DAYS = LOOK_BACK_DAYS + BURN_IN_DAYS;

export const REGIMENS = [
  { name: 'TDF-3TC-DTG', line: 1, share: 0.95 },
  { name: 'ABC-3TC-DTG', line: 1, share: 0.02 },
  { name: 'TDF-3TC-EFV', line: 1, share: 0.01 },
  { name: 'TDF-3TC-ATV/r', line: 2, share: 0.015 },
  { name: 'AZT-3TC-LPV/r', line: 2, share: 0.005 },
] as const;
