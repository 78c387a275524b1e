import type { EpochDay } from '#patients/record/epoch-day.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';

/** A year, so that a site's ordinary volume does not hang on one season. */
const LEVEL_DAYS = 365;
/** The few entries after this share of all are not taken for the site's ordinary volume. */
const ORDINARY_SHARE = 0.98;
/** Entries that are looked for in a window, and its least and greatest length in days. */
const WANTED_ENTRIES = 8;
const SHORTEST_WINDOW = 7;
const LONGEST_WINDOW = 30;
/** Share of the ordinary volume below which a window is no ordinary one. */
const LEAST_SHARE = 1 / 4;

/**
 * How much a facility types in a day: the patients of whom something was entered. Tells the last day of ordinary
 * volume, which is where the facility's data end; a stray entry weeks later does not move it.
 */
export class EntryVolume {
  readonly #patientsByDay = new Map<EpochDay, number>();
  readonly #daysOfPatient = new Set<EpochDay>();

  /** Counts a patient once for each day on which something of theirs was typed in, up to `end`. */
  add(record: PatientRecord, end: EpochDay): void {
    const days = this.#daysOfPatient;
    days.clear();
    for (const series of [record.pickups, record.visits])
      for (let i = 0; i < series.count; i++) {
        const known = series.known[i]!;
        if (known <= end) days.add(known);
      }
    for (const day of days) this.#patientsByDay.set(day, (this.#patientsByDay.get(day) ?? 0) + 1);
  }

  /**
   * The last day with an entry on which the days up to it hold at least a quarter of what is ordinary. The window is a
   * week at a busy site and up to 30 days at a small one; where even those hold fewer than four entries as a rule, the
   * last entry counts, since nothing could tell it from a stray one. 0 where there was none.
   */
  lastOrdinaryDay(): EpochDay {
    const days = [...this.#patientsByDay.keys()].sort((a, b) => a - b);
    const last = days.length - 1;
    if (last < 0) return 0;
    const level = this.#ordinaryLevel(days);
    const window = Math.min(LONGEST_WINDOW, Math.max(SHORTEST_WINDOW, Math.ceil(WANTED_ENTRIES / level)));
    const needed = level * window * LEAST_SHARE;
    let from = last + 1;
    let inWindow = 0;
    for (let i = last; i >= 0; i--) {
      while (from > 0 && days[from - 1]! > days[i]! - window)
        inWindow += this.#patientsByDay.get(days[--from]!)!;
      if (inWindow >= needed) return days[i]!;
      inWindow -= this.#patientsByDay.get(days[i]!)!;
    }
    return days[last]!;
  }

  /** Patients a day with an entry, over the year up to the day by which nearly all had been made. */
  #ordinaryLevel(days: readonly EpochDay[]): number {
    let total = 0;
    for (const count of this.#patientsByDay.values()) total += count;
    let seen = 0;
    let to = days[0]!;
    for (const day of days) {
      if (seen >= ORDINARY_SHARE * total) break;
      seen += this.#patientsByDay.get(day)!;
      to = day;
    }
    const first = Math.max(days[0]!, to - LEVEL_DAYS + 1);
    let inYear = 0;
    for (const day of days) if (day >= first && day <= to) inYear += this.#patientsByDay.get(day)!;
    return inYear / (to - first + 1);
  }
}
