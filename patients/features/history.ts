import type { EpochDay } from '../record/epoch-day.ts';
import type { ObservationKind, PatientRecord } from '../record/patient-record.ts';

/** Features count dispensings, episodes and visits of the last three years: older paper is patchy. */
export const LOOK_BACK_DAYS = 1095;

/** Days after the due date within which a pickup or clinical contact still averts an interruption. */
export const GRACE_DAYS = 28;

/**
 * First day on which a patient expected on `expected` counts as interrupted: day 28 itself is still in time. The one
 * definition for screen, label, risk window and earlier interruptions.
 */
export function interruptedFrom(expected: EpochDay): EpochDay {
  return expected + GRACE_DAYS + 1;
}

/** Entries of one dispensing are often a day or two apart; a real second pickup never is. */
const SAME_PICKUP_DAYS = 3;

/**
 * What was known of one patient on an as-of date: pickups merged and in order, the due date, lateness and
 * contacts. One instance is filled again and again (`summarise`), so that extraction allocates nothing.
 */
export class History {
  asOf: EpochDay = Number.NaN;
  record!: PatientRecord;
  /** For outcomes alone: what was typed in after the as-of date counts too, if it happened by then. */
  seesLateEntries = false;

  /** Merged pickups on or before the as-of date, ascending. */
  pickupCount = 0;
  pickupDay = new Int32Array(64);
  pickupSupply = new Float64Array(64);
  pickupRegimen = new Int32Array(64);
  pickupLine = new Float64Array(64);

  /**
   * End of the supply in hand after each merged pickup, `NaN` where unknown: stock left over is carried, so that a
   * top-up never shortens it and two refills add up. Where the supply is not written down, the appointment given from
   * that pickup to the next; never before what is in hand already.
   */
  pickupDue = new Float64Array(64);

  /** `pickupDue` of the last pickup. */
  dueDay: EpochDay = Number.NaN;

  /**
   * Days late of each judged pickup, latest first: its day − the due date before it, 0 where it was on time or
   * early. A pickup before which no due date is known is not judged.
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
    if (this.#isPartlyUnseen(from)) return Number.NaN;
    let n = 0;
    for (let i = this.pickupCount - 1; i >= 0 && this.pickupDay[i]! > from; i--) n++;
    return n;
  }

  /** Number of contact days in the `days` days that end on the as-of date; `NaN` where some may be unseen. */
  visitsWithin(days: number): number {
    const from = this.asOf - days;
    if (!this.record.visitsKnown || this.#isPartlyUnseen(from)) return Number.NaN;
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
      if (day >= bestDay && day <= asOf && this.wasKnown(series.known[i]!)) {
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
    const from = this.asOf - days;
    if (!this.record.seriesKnown || this.#isPartlyUnseen(from)) return Number.NaN;
    const series = this.record.observations[kind];
    let n = 0;
    for (let i = 0; i < series.count; i++) {
      const day = series.day[i]!;
      if (day <= from || day > this.asOf || !this.wasKnown(series.known[i]!)) continue;
      let earlier = false;
      for (let j = 0; j < i && !earlier; j++)
        earlier = series.day[j] === day && this.wasKnown(series.known[j]!);
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

  /** Whether a record that was typed in on `known` counts. */
  wasKnown(known: EpochDay): boolean {
    return this.seesLateEntries || known <= this.asOf;
  }

  #isPartlyUnseen(from: EpochDay): boolean {
    return this.record.pickupsCompleteFrom > from && !this.#knownFromStart();
  }

  #knownFromStart(): boolean {
    return this.record.pickupsCompleteFrom <= this.artStartDay();
  }
}

/** Rounds to two decimals: exact to print and read back, and finer than any of the records. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * Fills `history` with what was known of `record` at the end of the day `asOf`; with `seesLateEntries`, with what had
 * happened by then, whenever it was typed in.
 */
export function summarise(
  record: PatientRecord,
  asOf: EpochDay,
  history: History,
  seesLateEntries = false,
): void {
  history.record = record;
  history.asOf = asOf;
  history.seesLateEntries = seesLateEntries;
  gatherPickups(history);
  gatherVisits(history);
  findDueDays(history);
  judgeGaps(history);
  findEpisodes(history);
}

/**
 * The day on which a patient with that due date was last expected: the due date itself, or a clinical contact that
 * followed within the grace and before `until`. A contact without medicines moves the expectation to its own day.
 */
export function expectedAfter(history: History, due: EpochDay, until: EpochDay): EpochDay {
  const { visitDay, visitClinical, visitCount } = history;
  let expected = due;
  for (let v = 0; v < visitCount; v++) {
    const day = visitDay[v]!;
    if (day >= until) break;
    if (visitClinical[v] === 1 && day > expected && day < interruptedFrom(expected)) expected = day;
  }
  return expected;
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
    history.pickupDue = new Float64Array(size);
    history.gapLate = new Float64Array(size);
  }
  const { pickupDay, pickupSupply, pickupRegimen, pickupLine } = history;
  let n = 0;
  for (let i = 0; i < pickups.count; i++) {
    const day = pickups.day[i]!;
    if (day > asOf || !history.wasKnown(pickups.known[i]!) || day <= asOf - LOOK_BACK_DAYS) continue;
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
    if (day > asOf || !history.wasKnown(visits.known[i]!) || day <= asOf - LOOK_BACK_DAYS) continue;
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

function findDueDays(history: History): void {
  const { pickupDay, pickupSupply, pickupDue, pickupCount } = history;
  let inHand = Number.NaN;
  for (let i = 0; i < pickupCount; i++) {
    const day = pickupDay[i]!;
    const from = inHand > day ? inHand : day;
    const supply = pickupSupply[i]!;
    if (Number.isNaN(supply)) {
      const appointment = appointmentGiven(
        history,
        day,
        i + 1 < pickupCount ? pickupDay[i + 1]! : Number.POSITIVE_INFINITY,
      );
      inHand = appointment > from ? appointment : from > day ? from : Number.NaN;
    } else inHand = from + supply;
    pickupDue[i] = inHand;
  }
  history.dueDay = inHand;
}

/** The appointment that was given last from a pickup's day to the day before the next one, `NaN` where none was. */
function appointmentGiven(history: History, from: EpochDay, until: EpochDay): EpochDay {
  const series = history.record.observations.nextAppointment;
  let given = Number.NEGATIVE_INFINITY;
  let appointment = Number.NaN;
  for (let i = 0; i < series.count; i++) {
    const day = series.day[i]!;
    if (day < from || day >= until || day > history.asOf || day < given) continue;
    if (!history.wasKnown(series.known[i]!) || !(series.value[i]! > from)) continue;
    if (day > given || series.value[i]! > appointment) appointment = series.value[i]!;
    given = day;
  }
  return appointment;
}

function judgeGaps(history: History): void {
  const { pickupDay, pickupDue, gapLate } = history;
  let n = 0;
  for (let i = history.pickupCount - 1; i > 0; i--) {
    const due = pickupDue[i - 1]!;
    if (Number.isNaN(due)) continue;
    gapLate[n++] = Math.max(0, pickupDay[i]! - due);
  }
  history.gapCount = n;
  history.gapsComplete = history.pickupsComplete();
}

/** Interruptions that ended: more than 28 days after the due date without pickup or clinical contact. */
function findEpisodes(history: History): void {
  const { pickupDay, pickupDue } = history;
  history.iitEpisodes = 0;
  history.lastReturnDay = Number.NaN;
  for (let i = 1; i < history.pickupCount; i++) {
    const due = pickupDue[i - 1]!;
    const back = pickupDay[i]!;
    if (!(back >= interruptedFrom(due))) continue;
    if (back >= interruptedFrom(expectedAfter(history, due, back))) {
      history.iitEpisodes++;
      history.lastReturnDay = back;
    }
  }
}
