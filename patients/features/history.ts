import type { EpochDay } from '../record/epoch-day.ts';
import type { ObservationKind, PatientRecord } from '../record/patient-record.ts';

/** Features count dispensings, episodes and visits of the last three years: older paper is patchy. */
export const LOOK_BACK_DAYS = 1095;

/** Days after the due date within which a pickup or clinical contact still averts an interruption. */
export const GRACE_DAYS = 28;

/** Entries of one dispensing are often a day or two apart; a real second pickup never is. */
const SAME_PICKUP_DAYS = 3;

/**
 * What was known of one patient on an as-of date: pickups merged and in order, the due date, lateness and
 * contacts. One instance is filled again and again (`summarise`), so that extraction allocates nothing.
 */
export class History {
  asOf: EpochDay = Number.NaN;
  record!: PatientRecord;

  /** Merged pickups on or before the as-of date, ascending. */
  pickupCount = 0;
  pickupDay = new Int32Array(64);
  pickupSupply = new Float64Array(64);
  pickupRegimen = new Int32Array(64);
  pickupLine = new Float64Array(64);

  /** Last pickup + days supplied; the next appointment where the supply is not written down. */
  dueDay: EpochDay = Number.NaN;

  /**
   * Days late of each judged pickup, latest first: its day − the due date of the one before it, 0 where it was
   * on time or early. A pickup whose predecessor has no known supply is not judged.
   */
  gapCount = 0;
  gapLate = new Float64Array(64);
  /** True where the gaps reach back to the first pickup of the look-back, or to the start of ART. */
  gapsComplete = true;

  iitEpisodes = 0;
  /** Day of the pickup or clinical contact that ended the last interruption, else `NaN`. */
  lastReturnDay: EpochDay = Number.NaN;

  /** Days with any contact, ascending, without repeats; `visitClinical` 1 where one was clinical. */
  visitCount = 0;
  visitDay = new Int32Array(128);
  visitClinical = new Uint8Array(128);

  /** Number of merged pickups in the `days` days that end on the as-of date; `NaN` where some may be unseen. */
  pickupsWithin(days: number): number {
    const from = this.asOf - days;
    if (this.record.pickupsCompleteFrom > from && !this.#knownFromStart()) return Number.NaN;
    let n = 0;
    for (let i = this.pickupCount - 1; i >= 0 && this.pickupDay[i]! > from; i--) n++;
    return n;
  }

  /** Number of contact days in the `days` days that end on the as-of date; `NaN` where visits are unknown. */
  visitsWithin(days: number): number {
    if (!this.record.visitsKnown) return Number.NaN;
    const from = this.asOf - days;
    let n = 0;
    for (let i = this.visitCount - 1; i >= 0 && this.visitDay[i]! > from; i--) n++;
    return n;
  }

  /** Index of the latest entry of a series that was known on the as-of date, -1 if there is none. */
  latest(kind: ObservationKind): number {
    const series = this.record.observations[kind];
    const { asOf } = this;
    let best = -1;
    let bestDay = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < series.count; i++) {
      const day = series.day[i]!;
      if (day >= bestDay && day <= asOf && series.known[i]! <= asOf) {
        // Of two entries on one day the greater counts, so that their order does not matter.
        if (day > bestDay || series.value[i]! > series.value[best]!) best = i;
        bestDay = day;
      }
    }
    return best;
  }

  /** Latest known value of a kind, not older than `maxAgeDays`; `NaN` if there is none. */
  latestValue(kind: ObservationKind, maxAgeDays = Number.POSITIVE_INFINITY): number {
    const i = this.latest(kind);
    if (i < 0) return Number.NaN;
    const series = this.record.observations[kind];
    return this.asOf - series.day[i]! <= maxAgeDays ? series.value[i]! : Number.NaN;
  }

  /** Day of the latest known entry of a kind, `NaN` if there is none. */
  latestDay(kind: ObservationKind): EpochDay {
    const i = this.latest(kind);
    return i < 0 ? Number.NaN : this.record.observations[kind].day[i]!;
  }

  /** Different days with an entry of a kind in the `days` days that end on the as-of date. */
  daysWith(kind: ObservationKind, days: number): number {
    if (!this.record.seriesKnown) return Number.NaN;
    const series = this.record.observations[kind];
    const from = this.asOf - days;
    let n = 0;
    for (let i = 0; i < series.count; i++) {
      const day = series.day[i]!;
      if (day <= from || day > this.asOf || series.known[i]! > this.asOf) continue;
      let earlier = false;
      for (let j = 0; j < i && !earlier; j++)
        earlier = series.day[j] === day && series.known[j]! <= this.asOf;
      if (!earlier) n++;
    }
    return n;
  }

  /** Start of ART, `NaN` where unknown or dated after the as-of date. */
  artStartDay(): EpochDay {
    const day = this.latestValue('artStart');
    return day <= this.asOf ? day : Number.NaN;
  }

  /** Mean of the last n judged gaps, all where the patient has fewer; `NaN` where some of them are unseen. */
  meanLate(n: number): number {
    const used = this.judged(n);
    if (!(used > 0)) return Number.NaN;
    let sum = 0;
    for (let i = 0; i < used; i++) sum += this.gapLate[i]!;
    return hundredths(sum / used);
  }

  /** How many of the last n judged pickups were late by more than `days` days. */
  countLate(n: number, days: number): number {
    const used = this.judged(n);
    if (!(used > 0)) return Number.NaN;
    let late = 0;
    for (let i = 0; i < used; i++) if (this.gapLate[i]! > days) late++;
    return late;
  }

  /** How many of the last n pickups can be judged; `NaN` where a source shows fewer than there may have been. */
  judged(n: number): number {
    return this.gapCount >= n ? n : this.gapsComplete ? this.gapCount : Number.NaN;
  }

  /** Whether every pickup since the start of ART (or of the look-back) is on record. */
  pickupsComplete(): boolean {
    return this.record.pickupsCompleteFrom <= this.asOf - LOOK_BACK_DAYS || this.#knownFromStart();
  }

  #knownFromStart(): boolean {
    return this.record.pickupsCompleteFrom <= this.artStartDay();
  }
}

/** Rounds to two decimals: exact to print and read back, and finer than any of the records. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Fills `history` with what was known of `record` at the end of the day `asOf`. */
export function summarise(record: PatientRecord, asOf: EpochDay, history: History): void {
  history.record = record;
  history.asOf = asOf;
  gatherPickups(history);
  gatherVisits(history);
  findDue(history);
  judgeGaps(history);
  findEpisodes(history);
}

function gatherPickups(history: History): void {
  const { pickups } = history.record;
  const { asOf } = history;
  if (history.pickupDay.length < pickups.count) {
    const size = pickups.day.length;
    history.pickupDay = new Int32Array(size);
    history.pickupSupply = new Float64Array(size);
    history.pickupRegimen = new Int32Array(size);
    history.pickupLine = new Float64Array(size);
    history.gapLate = new Float64Array(size);
  }
  const { pickupDay, pickupSupply, pickupRegimen, pickupLine } = history;
  let n = 0;
  for (let i = 0; i < pickups.count; i++) {
    const day = pickups.day[i]!;
    if (day > asOf || pickups.known[i]! > asOf || day <= asOf - LOOK_BACK_DAYS) continue;
    // Insertion sort: records come nearly in order. Ties by supply, so that the order of entry is no matter.
    const supply = pickups.supply[i]!;
    let at = n++;
    while (
      at > 0 &&
      (pickupDay[at - 1]! > day || (pickupDay[at - 1] === day && pickupSupply[at - 1]! > supply))
    ) {
      pickupDay[at] = pickupDay[at - 1]!;
      pickupSupply[at] = pickupSupply[at - 1]!;
      pickupRegimen[at] = pickupRegimen[at - 1]!;
      pickupLine[at] = pickupLine[at - 1]!;
      at--;
    }
    pickupDay[at] = day;
    pickupSupply[at] = supply;
    pickupRegimen[at] = pickups.regimen[i]!;
    pickupLine[at] = pickups.line[i]!;
  }
  let kept = 0;
  for (let i = 0; i < n; i++) {
    if (kept > 0 && pickupDay[i]! - pickupDay[kept - 1]! < SAME_PICKUP_DAYS) {
      const before = pickupSupply[kept - 1]!;
      if (!(before >= pickupSupply[i]!) && !Number.isNaN(pickupSupply[i]!))
        pickupSupply[kept - 1] = pickupSupply[i]!;
      if (pickupRegimen[kept - 1]! < 0) pickupRegimen[kept - 1] = pickupRegimen[i]!;
      if (Number.isNaN(pickupLine[kept - 1]!)) pickupLine[kept - 1] = pickupLine[i]!;
      continue;
    }
    pickupDay[kept] = pickupDay[i]!;
    pickupSupply[kept] = pickupSupply[i]!;
    pickupRegimen[kept] = pickupRegimen[i]!;
    pickupLine[kept] = pickupLine[i]!;
    kept++;
  }
  history.pickupCount = kept;
}

function gatherVisits(history: History): void {
  const { visits } = history.record;
  const { asOf } = history;
  history.visitCount = 0;
  if (!history.record.visitsKnown) return;
  if (history.visitDay.length < visits.count) {
    history.visitDay = new Int32Array(visits.day.length);
    history.visitClinical = new Uint8Array(visits.day.length);
  }
  const { visitDay, visitClinical } = history;
  let n = 0;
  for (let i = 0; i < visits.count; i++) {
    const day = visits.day[i]!;
    if (day > asOf || visits.known[i]! > asOf || day <= asOf - LOOK_BACK_DAYS) continue;
    const clinical = visits.value[i] === 1 ? 1 : 0;
    let at = n;
    while (at > 0 && visitDay[at - 1]! > day) at--;
    if (at > 0 && visitDay[at - 1] === day) {
      if (clinical) visitClinical[at - 1] = 1;
      continue;
    }
    for (let j = n; j > at; j--) {
      visitDay[j] = visitDay[j - 1]!;
      visitClinical[j] = visitClinical[j - 1]!;
    }
    visitDay[at] = day;
    visitClinical[at] = clinical;
    n++;
  }
  history.visitCount = n;
}

function findDue(history: History): void {
  const last = history.pickupCount - 1;
  if (last < 0) {
    history.dueDay = Number.NaN;
    return;
  }
  const day = history.pickupDay[last]!;
  const supply = history.pickupSupply[last]!;
  if (!Number.isNaN(supply)) {
    history.dueDay = day + supply;
    return;
  }
  const appointment = history.latestValue('nextAppointment');
  history.dueDay = appointment > day ? appointment : Number.NaN;
}

function judgeGaps(history: History): void {
  const { pickupDay, pickupSupply, gapLate } = history;
  let n = 0;
  for (let i = history.pickupCount - 1; i > 0; i--) {
    const supply = pickupSupply[i - 1]!;
    if (Number.isNaN(supply)) continue;
    gapLate[n++] = Math.max(0, pickupDay[i]! - pickupDay[i - 1]! - supply);
  }
  history.gapCount = n;
  history.gapsComplete = history.pickupsComplete();
}

/**
 * Interruptions that ended: a gap of more than 28 days after the due date without pickup or clinical contact.
 * A clinical contact within the grace moves the expectation to its own day.
 */
function findEpisodes(history: History): void {
  const { pickupDay, pickupSupply, visitDay, visitClinical, visitCount } = history;
  history.iitEpisodes = 0;
  history.lastReturnDay = Number.NaN;
  let visit = 0;
  for (let i = 1; i < history.pickupCount; i++) {
    const supply = pickupSupply[i - 1]!;
    if (Number.isNaN(supply)) continue;
    let expected = pickupDay[i - 1]! + supply;
    const back = pickupDay[i]!;
    if (back - expected <= GRACE_DAYS) continue;
    while (visit < visitCount && visitDay[visit]! <= expected) visit++;
    for (let v = visit; v < visitCount && visitDay[v]! < back; v++) {
      if (visitClinical[v] === 0) continue;
      if (visitDay[v]! - expected > GRACE_DAYS) break;
      expected = visitDay[v]!;
    }
    if (back - expected > GRACE_DAYS) {
      history.iitEpisodes++;
      history.lastReturnDay = back;
    }
  }
}
