import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import { emptyRecord, type PatientRecord } from '#patients/record/patient-record.ts';
import type { DateOrder } from '#patients/values/dates.ts';
import type { TimeZone } from '#patients/values/time-zone.ts';
import { FieldFault } from '../patient-input.ts';
import { fillRecord, standingOf } from './fill-record.ts';
import { joinRows } from './join-rows.ts';
import { LineListFault } from './line-list-fault.ts';
import type { LineListReport } from './report.ts';
import { dueDayOf, type LineListRow, type RowFault } from './row.ts';
import { RowStore } from './row-store.ts';
import { SeenPatients } from './seen-patients.ts';
import { SheetReader, type TakenRow } from './sheet-reader.ts';
import { Staleness } from './staleness.ts';
import { STATUSES } from './status.ts';
import type { CellFlag } from './table-row.ts';
import { unknownFeatures } from './unknown-features.ts';

const PATIENTS_BETWEEN_LOOKS = 100;
/** Rows without snapshot dates that are joined before they are handed over; lists of more stream. */
const MOST_HELD_ROWS = 5_000;
const GRACE_DAYS = 28;

export type LineListOptions = {
  /** undefined: the latest snapshot's date, or today where the list has none. */
  asOf?: EpochDay | undefined;
  today: EpochDay;
  dateOrder?: DateOrder | undefined;
  /** Of the programme; Africa/Lagos by default. */
  zone?: TimeZone | undefined;
  /** Only this sheet is read. */
  sheet?: string | undefined;
  /** A list whose pickups end long before the as-of date is scored nevertheless. */
  allowStale?: boolean;
  /** Where rows that must be joined wait; the system's folder for temporary files by default. */
  folder?: string;
};

/** Where a list's patients go. */
export interface LineListSink {
  /** Once, before anything else: the day that is scored on and the features that no row can know. */
  open(asOf: EpochDay, unknown: readonly string[], areStacked: boolean): void;
  /** A patient who is in the list's care; `row` is the newest that counts. The record is the list's own, until this returns. */
  patient(record: PatientRecord, row: LineListRow): void;
  /** A row whose patient is not predicted, or that is not read. */
  refuse(row: LineListRow, fault: RowFault): void;
  /** Rows that tell of a patient who has been handed over, and are not counted otherwise. */
  join(rowCount: number): void;
  /** Settles when there is room for more. */
  ready(): Promise<void>;
}

/**
 * A line list, from the rows of a table to patient records. A list without snapshot dates streams once its columns are
 * judged; where one that fits into the sample, or one of dated snapshots, tells of a patient in several rows, they are
 * joined before anything is handed over. Throws `LineListFault` for the list as a whole.
 */
export class LineList {
  readonly #sink: LineListSink;
  readonly #options: LineListOptions;
  readonly #store: RowStore;
  readonly #seen = new SeenPatients();
  readonly #staleness = new Staleness();
  readonly #record = emptyRecord();
  readonly #snapshots = new Set<EpochDay>();
  readonly #warnings = new Map<string, number>();
  readonly #notes = new Set<string>();
  readonly #sheets: SheetReader[] = [];
  #isStacked: boolean | undefined;
  #isStreaming = false;
  #isOpen = false;
  #asOf: EpochDay = Number.NaN;
  #rowNo = 0;

  constructor(sink: LineListSink, options: LineListOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#store = new RowStore(options.folder === undefined ? {} : { folder: options.folder });
  }

  /** Takes the next row of the table. */
  row(cells: readonly string[], line: number, sheet?: string, flags?: ReadonlyMap<number, CellFlag>): void {
    this.#next(sheet, { cells, line, flags });
  }

  /** A row that its source could not cut into cells as the header has them: counted, refused, and told apart where it can be. */
  unfit(line: number, fault: RowFault, cells: readonly string[] = [], sheet?: string): void {
    this.#next(sheet, { cells, line, fault });
  }

  #next(sheet: string | undefined, taken: TakenRow): void {
    let reader = this.#sheets.at(-1);
    if (reader === undefined || reader.name !== sheet) {
      if (reader !== undefined) this.#finishSheet(reader);
      reader = new SheetReader({
        name: sheet,
        isWanted: this.#options.sheet === undefined || this.#options.sheet === sheet,
        dateOrder: this.#options.dateOrder,
        zone: this.#options.zone,
        warn: (code, title) => this.#warn(code, title),
        onSample: (hasSnapshots) => this.#onSample(hasSnapshots),
      });
      this.#sheets.push(reader);
    }
    reader.take(taken, this.#take);
    const isMuch = reader.isSampled || this.#store.heldCount > MOST_HELD_ROWS;
    if (isMuch && !this.#isStreaming && this.#isStacked === false) this.#stream();
  }

  /** Writes what waits to the file of rows; to be awaited after each piece of an upload. */
  async drain(): Promise<void> {
    await this.#store.drain();
  }

  /** The list has ended: hands over what was held back. */
  async end(): Promise<void> {
    const last = this.#sheets.at(-1);
    if (last !== undefined) this.#finishSheet(last);
    const read = this.#sheets.filter(({ isRead }) => isRead);
    if (read.length === 0) throw this.#nothingRead();
    for (const { name, isRead } of this.#sheets) {
      if (isRead || name === undefined) continue;
      this.#warn('unread_sheet');
      this.#notes.add(`The sheet “${name.slice(0, 60)}” has no header of a line list and was not read.`);
    }
    if (!this.#isStreaming) await this.#handOver();
    else this.#judgeAge();
  }

  /** Gives temporary files back, whatever happened. */
  async close(): Promise<void> {
    await this.#store.close();
  }

  report(): LineListReport {
    return {
      sheets: this.#sheets.map((sheet) => sheet.report()),
      isStacked: this.#isStacked ?? false,
      asOf: this.#asOf,
      warnings: Object.fromEntries(this.#warnings),
      notes: [...this.#notes],
    };
  }

  #nothingRead(): LineListFault {
    if (this.#options.sheet !== undefined)
      return new LineListFault(
        'missing_header',
        'The sheet that was asked for is not there, or has no header of a line list.',
      );
    for (const sheet of this.#sheets) sheet.tellWhatIsMissing();
    const closest = this.#sheets.find(({ isEmpty }) => !isEmpty);
    if (closest === undefined) return new LineListFault('empty_list', 'The list has no rows.');
    return new LineListFault(
      'missing_header',
      'No row is the header of a line list: it names at least Unique Id, Last Pickup Date and Months of ARV Refill.',
      { line: closest.firstLine },
    );
  }

  #finishSheet(reader: SheetReader): void {
    reader.finish(this.#take);
  }

  /** The first sheet says whether rows are of dated snapshots. */
  #onSample(hasSnapshots: boolean): boolean {
    this.#isStacked ??= hasSnapshots;
    return this.#isStacked;
  }

  readonly #take = (row: LineListRow): void => {
    row.rowNo = ++this.#rowNo;
    this.#staleness.add(row.pickupDay);
    if (!Number.isNaN(row.snapshotDay)) this.#snapshots.add(row.snapshotDay);
    if (this.#isStreaming) this.#streamed(row);
    else this.#store.add(row);
  };

  /** The sample is full and no row is dated: from here on each row is handed over as it comes. */
  #stream(): void {
    this.#isStreaming = true;
    this.#open(this.#options.asOf ?? this.#options.today, 0);
    for (const row of this.#store.take()) this.#streamed(row);
  }

  #streamed(row: LineListRow): void {
    if (row.fault !== undefined) {
      this.#sink.refuse(row, row.fault);
      return;
    }
    const earlier = this.#seen.find(row);
    if (earlier?.isSame === true) {
      this.#warn('joined_rows');
      this.#sink.join(1);
    } else if (earlier !== undefined) {
      this.#warn('contradicting_rows');
      this.#sink.refuse(row, {
        field: '',
        code: 'contradicting_rows',
        message: `says other things of the patient than line ${earlier.line}, which counts`,
      });
    } else if (this.#patient([row], row)) this.#seen.add(row);
  }

  async #handOver(): Promise<void> {
    const { asOf, today } = this.#options;
    const days = [...this.#snapshots];
    const past = days.filter((day) => day <= today);
    const latest = days.length === 0 ? today : past.length === 0 ? Math.min(...days) : Math.max(...past);
    const day = asOf ?? latest;
    this.#open(day, days.filter((snapshot) => snapshot <= day).length);
    this.#judgeAge();
    let patients = 0;
    const refuse = (row: LineListRow, fault: RowFault) => this.#sink.refuse(row, fault);
    const onSurplus = (row: LineListRow) =>
      refuse(row, {
        field: '',
        code: 'contradicting_rows',
        message: 'is one of more than 1,000 rows of the patient',
      });
    for await (const rows of this.#store.patients(onSurplus)) {
      const joined = joinRows(rows, day);
      for (const { row, fault } of joined.refused) {
        if (fault.code === 'contradicting_rows') this.#warn('contradicting_rows');
        refuse(row, fault);
      }
      if (joined.identical > 0) this.#warn('joined_rows', undefined, joined.identical);
      if (joined.newest !== undefined) this.#patient(joined.used, joined.newest);
      if (joined.joinedCount > 0) this.#sink.join(joined.joinedCount);
      if (++patients % PATIENTS_BETWEEN_LOOKS === 0) await this.#sink.ready();
    }
  }

  #open(asOf: EpochDay, snapshotCount: number): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#asOf = asOf;
    const layout = this.#sheets.find(({ isRead }) => isRead)!.layout;
    const areStacked = snapshotCount > 1;
    this.#sink.open(asOf, unknownFeatures(layout, areStacked), areStacked);
  }

  /** Hands a patient over, or says why not; returns whether the patient was handed over. */
  #patient(rows: readonly LineListRow[], newest: LineListRow): boolean {
    const refusal = this.#refusalOf(rows, newest);
    if (refusal !== undefined) {
      this.#sink.refuse(newest, refusal);
      return false;
    }
    try {
      const { exitOutweighed } = fillRecord(rows, this.#asOf, this.#record);
      if (exitOutweighed) this.#warn('exit_outweighed');
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      this.#sink.refuse(newest, { field: error.field, code: error.code, message: error.message });
      return false;
    }
    if (STATUSES[newest.status] === 'interrupted' && dueDayOf(newest) + GRACE_DAYS >= this.#asOf)
      this.#warn('interrupted_with_supply');
    this.#sink.patient(this.#record, newest);
    return true;
  }

  #refusalOf(rows: readonly LineListRow[], newest: LineListRow): RowFault | undefined {
    const standing = standingOf(rows, this.#asOf);
    if (standing !== undefined) return { field: '', code: standing[0], message: standing[1] };
    if (!(newest.pickupDay > this.#asOf) || newest.snapshotDay > this.#asOf) return undefined;
    return {
      field: 'Last Pickup Date',
      code: 'pickup_in_future',
      message: `lies after ${isoDate(this.#asOf)}, the day that is scored on`,
    };
  }

  #judgeAge(): void {
    const age = this.#staleness.on(this.#asOf);
    if (age === undefined || !age.isQuiet) return;
    this.#warn('stale_list');
    const said = `The newest pickup is of ${isoDate(age.newestDay)}, ${age.silentDays} days before ${isoDate(this.#asOf)}`;
    this.#notes.add(`${said}: whoever came since then looks overdue.`);
    if (!age.isStale || this.#options.allowStale === true) return;
    throw new LineListFault(
      'stale_list',
      `${said}: whoever came since then would look overdue. Send a newer list, as_of=${isoDate(age.newestDay)}, or allow_stale=true.`,
    );
  }

  #warn(code: string, title?: string, count = 1): void {
    this.#warnings.set(code, (this.#warnings.get(code) ?? 0) + count);
    if (title === undefined || this.#notes.size > 40) return;
    this.#notes.add(`Some values of “${title}” could not be read and count as missing (${code}).`);
  }
}
