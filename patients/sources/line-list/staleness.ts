import type { EpochDay } from '#patients/record/epoch-day.ts';

/** A list without a pickup in the last week before the as-of date is old, or its pharmacy has not been typed in. */
const FRESH_DAYS = 7;
/** What the days before the newest pickup show of how often the list has one. */
const LOOK_BACK_DAYS = 90;
/** Fewer days with a pickup than this expected in the silence are chance: 0 where 5 are expected, once in 150 lists. */
const EXPECTED_DAYS_OF_A_PROOF = 5;
/** One entry in so many may be a stray one, typed with a wrong date or alone after the export: it makes no list fresh. */
const ROWS_A_STRAY_ENTRY = 250;
const FIRST_DAY = -3_653;
const DAYS = 70_000;

/** How old a list is on an as-of date. */
export type Age = {
  /** Newest ordinary pickup. */
  readonly newestDay: EpochDay;
  readonly silentDays: number;
  /** More than a week without pickup. */
  readonly isQuiet: boolean;
  /** So many that chance does not explain it: the rows show how often the list has a pickup. */
  readonly isStale: boolean;
};

/**
 * Judges from the pickups of a list whether it is stale. A list of few patients, or of one day's pickups, shows no rhythm:
 * it is told to be quiet, and never refused for it.
 */
export class Staleness {
  readonly #counts = new Uint32Array(DAYS);
  #rows = 0;

  add(pickupDay: EpochDay): void {
    const at = pickupDay - FIRST_DAY;
    if (!(at >= 0 && at < DAYS)) return;
    this.#counts[at]!++;
    this.#rows++;
  }

  /** Undefined where no pickup lies on or before `asOf`. */
  on(asOf: EpochDay): Age | undefined {
    const from = Math.min(DAYS - 1, asOf - FIRST_DAY);
    let strays = Math.floor(this.#rows / ROWS_A_STRAY_ENTRY);
    let newest = from;
    for (; newest >= 0; newest--) {
      strays -= this.#counts[newest]!;
      if (strays < 0) break;
    }
    if (newest < 0) return undefined;
    let daysWithPickup = 0;
    for (let day = newest; day > newest - LOOK_BACK_DAYS && day >= 0; day--)
      if (this.#counts[day]! > 0) daysWithPickup++;
    const silentDays = from - newest;
    const isQuiet = silentDays > FRESH_DAYS;
    const expected = ((daysWithPickup - 1) / LOOK_BACK_DAYS) * silentDays;
    return {
      newestDay: newest + FIRST_DAY,
      silentDays,
      isQuiet,
      isStale: isQuiet && expected >= EXPECTED_DAYS_OF_A_PROOF,
    };
  }
}
