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
 * Share of those who started ART that is in care after so many months, deaths and interruptions apart from it. Source:
 * the published retention of 2019 starters in Nigeria. An interruption dates from the day on which the medicines ended,
 * and is judged once the 28 days of grace after that are over: by no rule of 28 days can anybody with a month's
 * medicines be interrupted on day 30.
 */
export const RETENTION = [
  { months: 1, share: 0.85 },
  { months: 3, share: 0.8 },
  { months: 6, share: 0.76 },
  { months: 9, share: 0.72 },
  { months: 12, share: 0.68 },
] as const;

/**
 * Interruptions a quarter by time on ART when the medicines end, before the effects: first, second and third month, rest
 * of the first half-year and of the year, years two to four, later. Fitted so that `RETENTION` comes out, with the effects,
 * the exits and those who come back; the later ones lie below the published averages because the mean of the effects lies
 * above one.
 */
export function quarterlyHazard(daysOnArt: number): number {
  if (daysOnArt <= 31) return 0.235;
  if (daysOnArt <= 68) return 0.145;
  if (daysOnArt <= 100) return 0.045;
  if (daysOnArt <= 183) return 0.042;
  if (daysOnArt <= 365) return 0.018;
  if (daysOnArt < 730) return 0.0125;
  if (daysOnArt < 1095) return 0.011;
  return daysOnArt < 1460 ? 0.0097 : 0.009;
}

/** Of the interrupted, those who never come back: more of the new on ART [A]. */
export function lostForGood(daysOnArt: number): number {
  if (daysOnArt <= 100) return 0.85;
  return daysOnArt <= 365 ? 0.75 : 0.36;
}

/** What is found out, in time, of some of those lost for good: reason and share of them [A]. */
export const TRACED_SHARE = 0.2;
export const TRACED = [
  { kind: 'death', share: 0.35 },
  { kind: 'transferOut', share: 0.45 },
  { kind: 'lost', share: 0.15 },
  { kind: 'stopped', share: 0.05 },
] as const;

/** Shares of pickups after which something untidy follows, of a silent site's patients for `stray` [A]. */
export const MESS = {
  /** A few more days of medicines before the supply ends. */
  topUp: 0.025,
  /** Cotrimoxazole or TB medicines alone, on a pharmacy form of their own. */
  otherDrugsAlone: 0.03,
  /** A death or transfer in the record of one who goes on coming. */
  wrongExit: 0.0008,
  /** An entry after the day on which a site stopped reporting. */
  stray: 0.005,
} as const;

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
const BURN_IN_DAYS = 200;
export const HISTORY_DAYS = LOOK_BACK_DAYS + BURN_IN_DAYS;

/** `name` as NMRS prints it, `lamis` as LAMIS+ does; `concept` the answer by which NMRS stores it. */
export const REGIMENS = [
  {
    name: 'TDF-3TC-DTG',
    lamis: 'TDF(300mg)+3TC(300mg)+DTG(50mg)',
    concept: 165_681,
    line: 1,
    share: 0.95,
  },
  {
    name: 'ABC-3TC-DTG',
    lamis: 'ABC(120mg)+3TC(60mg)+DTG(50mg)',
    concept: 165_691,
    line: 1,
    share: 0.02,
  },
  {
    name: 'TDF-3TC-EFV',
    lamis: 'TDF(300mg)+3TC(300mg)+EFV(600mg)',
    concept: 164_505,
    line: 1,
    share: 0.01,
  },
  {
    name: 'TDF-3TC-ATV/r',
    lamis: 'TDF(300mg)+3TC(300mg)+ATV/r(300/100mg)',
    concept: 164_512,
    line: 2,
    share: 0.015,
  },
  {
    name: 'AZT-3TC-LPV/r',
    lamis: 'AZT(300mg)+3TC(150mg)+LPV/r(200/50mg)',
    concept: 162_561,
    line: 2,
    share: 0.005,
  },
] as const;
