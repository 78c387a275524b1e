import { civilDate, epochDay, type EpochDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import { addPickup, addToSeries, clearRecord, type PatientRecord } from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import { readDate } from './dates.ts';
import { FieldFault } from './patient-input.ts';
import { radetLayout, type RadetColumn, type RadetLayout } from './radet-columns.ts';
import { readViralLoad, WORDINGS } from './wording.ts';

const DAYS_A_MONTH = 30;
const MOST_MONTHS = 24;
const LONGEST_ID = 64;

/**
 * Hardly anyone fetches medicines more than a week early, or twice within three weeks: between two pickups that
 * lie no further apart than the supply and this, another one cannot have been missed by the snapshots.
 */
const EARLY_AND_AGAIN_DAYS = 14;

/**
 * How far back pickups count. `proven` stops where a snapshot may have missed one, a later entry that a newer
 * pickup had overtaken included, so that lateness equals an EMR's or is missing. `all` takes every pickup seen:
 * for outcomes, never for features.
 */
export type PickupTrust = 'proven' | 'all';

/** One row of a line list, read. Days are epoch days; `NaN` and `''` = not given. */
export interface RadetRow {
  facilityId: string;
  patientId: string;
  snapshotDay: EpochDay;
  sex: number;
  birthDay: EpochDay;
  artStartDay: EpochDay;
  pickupDay: EpochDay;
  supply: number;
  regimen: number;
  line: number;
  whoStage: number;
  viralLoad: number;
  viralLoadDay: EpochDay;
  viralLoadKnown: EpochDay;
  dsdModel: number;
  /** 1 died, 2 transferred out, 0 neither */
  exit: number;
  exitDay: EpochDay;
}

/** Reads rows of one RADET file, which the header describes. */
export class RadetReader {
  readonly #layout: RadetLayout;
  readonly #header: readonly string[];

  /** Throws `FieldFault` where the header lacks a needed column or has one twice. */
  constructor(header: readonly string[]) {
    this.#header = header;
    this.#layout = radetLayout(header);
  }

  /** True where rows of several snapshots carry their date. */
  get hasSnapshotDates(): boolean {
    return this.#layout.snapshot >= 0;
  }

  /**
   * Features that rows of this header cannot know: those of an EMR alone, those whose column is not there, and
   * without stacked snapshots those that need more than one.
   */
  unknownFeatures(areStacked: boolean): string[] {
    const layout = this.#layout;
    const needs: Readonly<Record<string, readonly RadetColumn[]>> = {
      age: ['birth', 'age'],
      gender: ['sex'],
      months_on_art: ['artStart'],
      regimen_line: ['regimenLine'],
      regimen_stability: ['regimen'],
      who_stage: ['whoStage'],
      has_vl_data: ['viralLoad'],
      viral_load: ['viralLoad'],
      viral_load_suppressed: ['viralLoad'],
      viral_load_age_days: ['viralLoad'],
      dsd_model: ['dsd'],
    };
    return FEATURES.filter(
      (f) =>
        f.lineList === 'never' ||
        (f.lineList === 'stacked' && !areStacked) ||
        needs[f.name]?.every((column) => layout[column] < 0),
    ).map((f) => f.name);
  }

  /** Reads a row's cells. Throws `FieldFault` with the column's title. */
  read(cells: readonly string[]): RadetRow {
    const { uniqueId, patientId, hospitalNumber, datimId } = this.#layout;
    const id =
      this.#cell(cells, uniqueId) || this.#cell(cells, patientId) || this.#cell(cells, hospitalNumber);
    const title = this.#title(uniqueId >= 0 ? 'uniqueId' : patientId >= 0 ? 'patientId' : 'hospitalNumber');
    if (id === '') throw new FieldFault(title, 'missing_field', 'an identifier is needed');
    if (id.length > LONGEST_ID)
      throw new FieldFault(title, 'bad_value', `is longer than ${LONGEST_ID} characters`);
    const pickupDay = this.#date(cells, 'lastPickup');
    const snapshotDay = this.#date(cells, 'snapshot');
    const viralLoad = this.#viralLoad(cells);
    const sample = this.#date(cells, 'viralLoadSample');
    const result = this.#date(cells, 'viralLoadResult');
    const exit = WORDINGS.exit(this.#text(cells, 'status'));
    const exitDay = exit > 0 ? this.#date(cells, 'statusDate') : Number.NaN;
    const regimen = this.#text(cells, 'regimen');
    return {
      facilityId: this.#cell(cells, datimId),
      patientId: id,
      snapshotDay,
      sex: WORDINGS.sex(this.#text(cells, 'sex')),
      birthDay: this.#birth(cells, Number.isNaN(snapshotDay) ? pickupDay : snapshotDay),
      artStartDay: this.#date(cells, 'artStart'),
      pickupDay,
      supply: this.#supply(cells),
      regimen: regimen === '' ? -1 : regimenCode(regimen),
      line: WORDINGS.regimenLine(this.#text(cells, 'regimenLine')),
      whoStage: WORDINGS.whoStage(this.#text(cells, 'whoStage')),
      viralLoad,
      viralLoadDay: Number.isNaN(sample) ? result : sample,
      viralLoadKnown: Number.isNaN(result) ? sample : result,
      dsdModel: WORDINGS.dsdModel(this.#text(cells, 'dsd')),
      exit: exit > 0 ? exit : 0,
      exitDay: Number.isNaN(exitDay) ? (Number.isNaN(snapshotDay) ? pickupDay : snapshotDay) : exitDay,
    };
  }

  #title(column: RadetColumn): string {
    return this.#header[this.#layout[column]] ?? column;
  }

  #cell(cells: readonly string[], at: number): string {
    return at < 0 ? '' : (cells[at] ?? '').trim();
  }

  #text(cells: readonly string[], column: RadetColumn): string {
    const at = this.#layout[column];
    return at < 0 ? '' : (cells[at] ?? '');
  }

  #date(cells: readonly string[], column: RadetColumn): EpochDay {
    const text = this.#text(cells, column);
    if (text === '') return Number.NaN;
    const day = readDate(text);
    if (day !== undefined) return day;
    if (text.trim() === '') return Number.NaN;
    throw new FieldFault(this.#title(column), 'bad_date', 'is no date in a known spelling');
  }

  #number(cells: readonly string[], column: RadetColumn): number {
    const text = this.#text(cells, column).trim();
    if (text === '') return Number.NaN;
    if (!/^-?\d+(\.\d+)?$/.test(text))
      throw new FieldFault(this.#title(column), 'bad_number', 'is not a number');
    return Number(text);
  }

  #supply(cells: readonly string[]): number {
    const months = this.#number(cells, 'months');
    return months > 0 && months <= MOST_MONTHS ? Math.round(months * DAYS_A_MONTH) : Number.NaN;
  }

  #birth(cells: readonly string[], printed: EpochDay): EpochDay {
    const day = this.#date(cells, 'birth');
    if (!Number.isNaN(day)) return day;
    const age = this.#number(cells, 'age');
    if (Number.isNaN(age) || Number.isNaN(printed)) return Number.NaN;
    const { year, month, day: date } = civilDate(printed);
    return epochDay(year - Math.floor(age), month, Math.min(date, 28));
  }

  #viralLoad(cells: readonly string[]): number {
    const value = readViralLoad(this.#text(cells, 'viralLoad'));
    if (value === undefined) throw new FieldFault(this.#title('viralLoad'), 'bad_number', 'is no viral load');
    return value;
  }
}

/**
 * Fills `record` from a patient's rows, one a snapshot, in any order. Rows of snapshots after `asOf` are not
 * looked at. Throws `FieldFault` where none is left.
 */
export function fillFromRadet(
  rows: readonly RadetRow[],
  asOf: EpochDay,
  record: PatientRecord,
  trust: PickupTrust = 'proven',
): void {
  clearRecord(record);
  record.visitsKnown = false;
  record.seriesKnown = false;
  const seen = rows.filter((row) => !(row.snapshotDay > asOf)).sort(bySnapshot);
  const last = seen.at(-1);
  if (last === undefined)
    throw new FieldFault('Snapshot Date', 'future_date', 'all snapshots lie after the as-of date');
  record.patientId = last.patientId;
  record.facilityId = last.facilityId;
  record.birthDay = last.birthDay;
  record.sex = last.sex;
  const { observations } = record;
  for (const row of seen) {
    const day = row.pickupDay;
    const known = Number.isNaN(row.snapshotDay) ? day : row.snapshotDay;
    if (!Number.isNaN(row.artStartDay))
      addToSeries(observations.artStart, row.artStartDay, row.artStartDay, row.artStartDay);
    if (row.exit > 0)
      addToSeries(row.exit === 1 ? observations.death : observations.transferOut, row.exitDay, known, 1);
    if (!Number.isNaN(row.viralLoad) && !Number.isNaN(row.viralLoadDay))
      addToSeries(observations.viralLoad, row.viralLoadDay, row.viralLoadKnown, row.viralLoad);
    const printed = Number.isNaN(row.snapshotDay) ? day : row.snapshotDay;
    if (Number.isNaN(printed)) continue;
    if (!Number.isNaN(row.whoStage)) addToSeries(observations.whoStage, printed, printed, row.whoStage);
    if (!Number.isNaN(row.dsdModel)) addToSeries(observations.dsdModel, printed, printed, row.dsdModel);
  }
  addPickups(seen, record, trust);
}

function bySnapshot(a: RadetRow, b: RadetRow): number {
  const first = Number.isNaN(a.snapshotDay) ? a.pickupDay : a.snapshotDay;
  const second = Number.isNaN(b.snapshotDay) ? b.pickupDay : b.snapshotDay;
  return first - second || a.pickupDay - b.pickupDay;
}

/** Different pickups, newest first, as far back as none can have been missed between two of them. */
function addPickups(seen: readonly RadetRow[], record: PatientRecord, trust: PickupTrust): void {
  const { pickups } = record;
  let later = Number.NaN;
  for (let i = seen.length - 1; i >= 0; i--) {
    const row = seen[i]!;
    const day = row.pickupDay;
    if (Number.isNaN(day) || day === later) continue;
    if (!Number.isNaN(later)) {
      if (day > later) continue;
      if (trust === 'proven' && !(later - day <= row.supply + EARLY_AND_AGAIN_DAYS)) break;
    }
    const known = firstSeen(seen, day);
    addPickup(pickups, day, Number.isNaN(known) ? day : known, row.supply, row.regimen, row.line);
    later = day;
  }
  record.pickupsCompleteFrom =
    pickups.count === 0 ? Number.POSITIVE_INFINITY : pickups.day[pickups.count - 1]!;
}

function firstSeen(seen: readonly RadetRow[], pickupDay: EpochDay): EpochDay {
  return seen.find((row) => row.pickupDay === pickupDay)!.snapshotDay;
}

/** What rows of several snapshots are joined on. */
export function radetKey(row: RadetRow): string {
  return `${row.facilityId}\u0000${row.patientId}`;
}
