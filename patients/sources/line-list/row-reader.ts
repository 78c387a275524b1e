import { parseIsoDay, type EpochDay } from '#patients/record/epoch-day.ts';
import type { IdentifierName, Identifiers } from '#patients/record/identifiers.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import { shownText } from '#patients/values/cell-text.ts';
import { readDate, type DateOrder } from '#patients/values/dates.ts';
import {
  identifierFault,
  IDENTIFIER_FAULTS,
  MAX_ID_CHARACTERS,
  readableId,
} from '#patients/values/identifier.ts';
import { isMissing, isMissingDate } from '#patients/values/missing.ts';
import { readNumber } from '#patients/values/numbers.ts';
import { readSex } from '#patients/values/sex.ts';
import { LAGOS, type TimeZone } from '#patients/values/time-zone.ts';
import type { InputRejectionCode } from '../patient-input.ts';
import { WORDINGS } from '../wording.ts';
import { readHeader, type Column, type DateColumn, type Header, type Layout } from './columns.ts';
import { judgeColumns, refillColumn, type Judgement } from './judge-columns.ts';
import { MOST_REFILL_DAYS, readRefill } from './refill.ts';
import type { LineListRow } from './row.ts';
import { INTERRUPTED, readStatus, STATUSES } from './status.ts';
import type { CellFlag } from './table-row.ts';
import { readViralLoad } from '../viral-load.ts';

/** Days that a column has brought are remembered: a list has a few hundred. */
const MOST_REMEMBERED_DAYS = 4_000;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/gu;
const OLDEST_AGE = 120;
const DAYS_A_YEAR = 365.25;
/** "36 years", "36yrs"; the third part only of an age in months. */
const AGE_WITH_UNIT =
  /^(\d{1,4}(?:[.,]\d{1,3})?) ?(?:(m|mo|mos|mth|mths|months?|mois|meses)|y|yrs?|years?(?: old)?|ans|anos)\.?$/iu;
const MOST_DOUBTED_CELLS = 64;

const IDENTIFIER_COLUMNS: readonly (readonly [IdentifierName, Column])[] = [
  ['facility_name', 'facilityName'],
  ['lga', 'lga'],
  ['state', 'state'],
  ['age', 'age'],
  ['sex', 'sex'],
  ['hospital_number', 'hospitalNumber'],
  ['case_manager', 'caseManager'],
  ['dsd', 'dsd'],
];

export type RowReaderOptions = {
  readonly titles: readonly string[];
  readonly header: Header;
  readonly judgement: Judgement;
  /** Of the programme: which day an instant falls on. */
  readonly zone?: TimeZone | undefined;
  /** Called for an optional value that is left out, with its column's title. */
  readonly onDoubt: (
    code: 'unreadable_value' | 'ambiguous_date' | 'formula_without_value',
    title: string,
  ) => void;
};

/** Columns whose date says that care ended, whatever the status was left at. */
const EXIT_DATES = [
  [STATUSES.indexOf('died'), 'deathDate'],
  [STATUSES.indexOf('transferred_out'), 'transferOutDate'],
] as const satisfies readonly (readonly [number, DateColumn])[];

/** Reads the rows of one sheet, its columns as judged. Not to be shared between calls that interleave. */
export class RowReader {
  readonly #layout: Layout;
  readonly #titles: readonly string[];
  readonly #judgement: Judgement;
  readonly #onDoubt: RowReaderOptions['onDoubt'];
  readonly #zone: TimeZone;
  readonly #days = new Map<DateOrder, Map<string, ReturnType<typeof readDate>>>();
  readonly #identifierPlaces: readonly (readonly [IdentifierName, number])[];
  readonly #refill: ReturnType<typeof refillColumn>;
  #row!: LineListRow;
  #cells: readonly string[] = [];
  #flags: ReadonlyMap<number, CellFlag> | undefined;

  constructor({ titles, header, judgement, onDoubt, zone = LAGOS }: RowReaderOptions) {
    this.#zone = zone;
    this.#layout = header.layout;
    this.#titles = titles;
    this.#judgement = judgement;
    this.#onDoubt = onDoubt;
    this.#refill = refillColumn(header.layout);
    this.#identifierPlaces = IDENTIFIER_COLUMNS.flatMap(([name, column]) =>
      header.layout[column] < 0 ? [] : [[name, header.layout[column]] as const],
    );
  }

  /** Reads a row. A fault of a needed cell is in `fault`; an optional value that cannot be read is missing and told. */
  read(
    cells: readonly string[],
    place: { line: number; sheet?: string | undefined; rowNo: number },
    flags?: ReadonlyMap<number, CellFlag>,
  ): LineListRow {
    this.#cells = this.#rejoined(cells);
    this.#flags = flags;
    const facilityId = this.#text('datimId');
    const facilityName = this.#text('facilityName');
    const row: LineListRow = {
      line: place.line,
      sheet: place.sheet,
      rowNo: place.rowNo,
      patientId: '',
      facilityId: facilityId === '' ? clipped(facilityName) : facilityId,
      facilityKey: facilityId === '' ? facilityName : facilityId,
      snapshotDay: Number.NaN,
      sex: Number.NaN,
      birthDay: Number.NaN,
      age: Number.NaN,
      artStartDay: Number.NaN,
      pickupDay: Number.NaN,
      supply: Number.NaN,
      nextAppointmentDay: Number.NaN,
      regimen: -1,
      regimenLine: Number.NaN,
      whoStage: Number.NaN,
      viralLoad: Number.NaN,
      viralLoadDay: Number.NaN,
      viralLoadKnown: Number.NaN,
      dsdModel: Number.NaN,
      status: 0,
      statusDay: Number.NaN,
      identifiers: this.#identifiers(),
      fault: undefined,
    };
    this.#row = row;
    this.#identity(row);
    this.#shape(cells);
    this.#snapshot(row);
    this.#dispensing(row);
    row.sex = this.#sex();
    row.birthDay = this.#birth(row.pickupDay);
    row.age = this.#age();
    row.artStartDay = this.#date('artStart');
    const regimen = this.#raw('regimen');
    row.regimen = isMissing(regimen) ? -1 : regimenCode(regimen.slice(0, 200));
    row.regimenLine = WORDINGS.regimenLine(this.#raw('regimenLine'));
    row.whoStage = WORDINGS.whoStage(this.#raw('whoStage'));
    row.dsdModel = WORDINGS.dsdModel(this.#raw('dsd'));
    this.#viralLoad(row);
    this.#status(row);
    return row;
  }

  #title(column: Column): string {
    return (this.#titles[this.#layout[column]] ?? column).slice(0, 100);
  }

  #raw(column: Column): string {
    const at = this.#layout[column];
    return at < 0 ? '' : (this.#cells[at] ?? '');
  }

  #text(column: Column): string {
    const text = this.#raw(column);
    return isMissing(text) ? '' : shownText(text.trim());
  }

  #flag(column: Column): CellFlag | undefined {
    return this.#flags?.get(this.#layout[column]);
  }

  #fail(column: Column | undefined, code: InputRejectionCode, message: string): void {
    this.#row.fault ??= { field: column === undefined ? '' : this.#title(column), code, message };
  }

  #identity(row: LineListRow): void {
    const columns = (['uniqueId', 'patientId', 'hospitalNumber'] as const).filter(
      (c) => this.#layout[c] >= 0,
    );
    const column = columns.find((c) => this.#text(c) !== '') ?? columns[0]!;
    const id = this.#text(column);
    const fault = identifierFault(id);
    row.patientId = fault === undefined ? id : readableId(id);
    if (this.#flag(column) === 'formula_without_value')
      this.#fail(
        column,
        'formula_without_value',
        'holds a formula whose value was not saved: open the workbook, recalculate and save it',
      );
    else if (fault === 'rounded_id' || (fault === undefined && this.#flag(column) === 'rounded_id'))
      this.#fail(column, 'rounded_id', IDENTIFIER_FAULTS.rounded_id);
    else if (fault !== undefined)
      this.#fail(column, fault === 'missing_value' ? 'missing_field' : 'bad_value', IDENTIFIER_FAULTS[fault]);
    const facilityFault = row.facilityId === '' ? undefined : identifierFault(row.facilityId);
    if (facilityFault === undefined) return;
    row.facilityId = '';
    this.#fail(
      this.#layout.datimId >= 0 ? 'datimId' : 'facilityName',
      'bad_value',
      IDENTIFIER_FAULTS[facilityFault],
    );
  }

  /** More cells than the header has titles: a comma in an unquoted cell has moved all that follow. */
  #shape(cells: readonly string[]): void {
    if (this.#cells === cells && hasMore(cells, this.#titles.length))
      this.#fail(
        undefined,
        'too_many_cells',
        `has ${cells.length} cells, the header ${this.#titles.length}: is there a separator in a cell without quotes?`,
      );
  }

  /** Thousands of a viral load that a program wrote without quotes, "1,234", are one number again. */
  #rejoined(cells: readonly string[]): readonly string[] {
    const width = this.#titles.length;
    const at = this.#layout.viralLoad;
    const surplus = cells.length - width;
    if (surplus < 1 || surplus > 3 || at < 0 || !hasMore(cells, width)) return cells;
    if (!/^[<>]? {0,2}[1-9]\d{0,2}$/u.test(cells[at]!.trim())) return cells;
    const groups = cells.slice(at + 1, at + 1 + surplus);
    if (!groups.every((group) => /^\d{3}$/u.test(group))) return cells;
    return [...cells.slice(0, at), [cells[at]!, ...groups].join(''), ...cells.slice(at + 1 + surplus)];
  }

  #snapshot(row: LineListRow): void {
    if (this.#layout.snapshot < 0) return;
    const isGiven = this.#text('snapshot') !== '';
    row.snapshotDay = this.#neededDate('snapshot');
    if (this.#judgement.hasSnapshots && !isGiven)
      this.#fail('snapshot', 'missing_field', 'is empty, in a list of dated snapshots');
    if (!this.#judgement.hasSnapshots && isGiven)
      this.#fail('snapshot', 'bad_value', 'is given, in a list whose first rows had none');
  }

  #dispensing(row: LineListRow): void {
    row.pickupDay = this.#neededDate('lastPickup');
    row.nextAppointmentDay = this.#date('nextAppointment');
    const column = this.#refill;
    if (column === undefined) return;
    if (this.#flag(column) === 'formula_without_value') {
      this.#fail(
        column,
        'formula_without_value',
        'holds a formula whose value was not saved: open the workbook, recalculate and save it',
      );
      return;
    }
    const text = shownText(this.#raw(column));
    if (isMissing(text)) return;
    const unit = this.#judgement.refillUnit;
    const refill = readRefill(text, unit === 'unknown' ? 'days' : unit);
    if (refill === undefined) this.#fail(column, 'bad_number', 'is no number of months or days');
    else if (unit === 'unknown' && refill.unit === undefined)
      this.#fail(
        column,
        'ambiguous_unit',
        'may be months or days: name the unit in the title, such as “Days of ARV refill”',
      );
    else if (refill.days < 0 || refill.days > MOST_REFILL_DAYS)
      this.#fail(column, 'out_of_range', `lies outside 1 to ${MOST_REFILL_DAYS} days, read as ${unit}`);
    else if (refill.days > 0) row.supply = refill.days;
  }

  #neededDate(column: DateColumn): EpochDay {
    if (this.#flag(column) === 'formula_without_value') {
      this.#fail(
        column,
        'formula_without_value',
        'holds a formula whose value was not saved: open the workbook, recalculate and save it',
      );
      return Number.NaN;
    }
    const day = this.#day(column);
    if (typeof day === 'number') return day;
    if (day === 'ambiguous')
      this.#fail(
        column,
        'ambiguous_date',
        'does not show whether day or month comes first: send date_order=dmy, mdy or ymd',
      );
    else this.#fail(column, 'bad_date', `is no date in a known spelling${this.#orderSaid(column)}`);
    return Number.NaN;
  }

  #orderSaid(column: DateColumn): string {
    const order = this.#judgement.dateOrders[column];
    if (order === 'dmy') return ', with the day before the month as in the rest of the column';
    return order === 'mdy' ? ', with the month before the day as in the rest of the column' : '';
  }

  /** An optional date: what cannot be read is missing, and counted. */
  #date(column: DateColumn): EpochDay {
    const day = this.#day(column);
    if (typeof day === 'number') return day;
    this.#onDoubt(day === 'ambiguous' ? 'ambiguous_date' : 'unreadable_value', this.#title(column));
    return Number.NaN;
  }

  /** `NaN` where there is none. */
  #day(column: DateColumn): ReturnType<typeof readDate> {
    const at = this.#layout[column];
    if (at < 0) return Number.NaN;
    const text = this.#cells[at] ?? '';
    if (text === '') return Number.NaN;
    if (text.length === 10) {
      const day = parseIsoDay(text);
      if (!Number.isNaN(day)) return day;
    }
    const order = this.#judgement.dateOrders[column];
    let known = this.#days.get(order);
    if (known === undefined) this.#days.set(order, (known = new Map()));
    if (known.has(text)) return known.get(text);
    const day = isMissingDate(text) ? Number.NaN : readDate(shownText(text), order, this.#zone);
    if (known.size < MOST_REMEMBERED_DAYS && text.length <= MOST_DOUBTED_CELLS) known.set(text, day);
    return day;
  }

  #sex(): number {
    const text = this.#raw('sex');
    const sex = readSex(text);
    if (sex !== undefined) return sex;
    this.#onDoubt('unreadable_value', this.#title('sex'));
    return Number.NaN;
  }

  /** A birth after the pickup, or more than 120 years before it, is a typing error: missing, and counted. */
  #birth(pickupDay: EpochDay): EpochDay {
    const day = this.#date('birth');
    if (!(day > pickupDay || day < pickupDay - OLDEST_AGE * DAYS_A_YEAR)) return day;
    this.#onDoubt('unreadable_value', this.#title('birth'));
    return Number.NaN;
  }

  #age(): number {
    const text = shownText(this.#raw('age'));
    if (isMissing(text)) return Number.NaN;
    const [, count, months] = AGE_WITH_UNIT.exec(text) ?? [];
    const read = readNumber(count ?? text, this.#judgement.ageStyle);
    const age = months !== undefined && typeof read === 'number' ? Math.floor(read / 12) : read;
    if (typeof age === 'number' && age >= 0 && age <= OLDEST_AGE) return age;
    this.#onDoubt('unreadable_value', this.#title('age'));
    return Number.NaN;
  }

  /**
   * The result belongs to the sample of its own column; where the list has only the newest sample's date, to that one,
   * unless it was taken after the result came. A result without any date cannot be placed in time and is left out.
   */
  #viralLoad(row: LineListRow): void {
    const load = readViralLoad(this.#raw('viralLoad'), this.#judgement.viralLoadStyle);
    const newest = this.#date('viralLoadSample');
    const own = this.#date('viralLoadResultSample');
    const result = this.#date('viralLoadResult');
    if (load === 'unreadable') this.#onDoubt('unreadable_value', this.#title('viralLoad'));
    else if (!Number.isNaN(load)) {
      row.viralLoad = load;
      row.viralLoadDay = !Number.isNaN(own) ? own : newest > result || Number.isNaN(newest) ? result : newest;
      row.viralLoadKnown = result >= row.viralLoadDay ? result : row.viralLoadDay;
    }
  }

  /**
   * The status; the outcome where the status says nothing, or that the patient is in care; where neither tells that care
   * ended, a date of death or of transfer out does.
   */
  #status(row: LineListRow): void {
    row.status = readStatus(this.#raw('status'));
    row.statusDay = this.#date('statusDate');
    const outcome = readStatus(this.#raw('outcome'));
    if (outcome > row.status && row.status <= INTERRUPTED) {
      row.status = outcome;
      row.statusDay = this.#date('outcomeDate');
    }
    if (row.status > INTERRUPTED) return;
    for (const [status, column] of EXIT_DATES) {
      const day = this.#date(column);
      if (Number.isNaN(day)) continue;
      row.status = status;
      row.statusDay = day;
      return;
    }
  }

  #identifiers(): Identifiers {
    const identifiers: Identifiers = {};
    for (const [name, at] of this.#identifierPlaces) {
      const text = this.#cells[at] ?? '';
      if (!isMissing(text)) identifiers[name] = clipped(text.replaceAll(CONTROLS, ' ').trim());
    }
    return identifiers;
  }
}

/**
 * A reader for rows of which the first ones are at hand, the header apart. Throws `FieldFault` as `readHeader` does.
 * Without a sample a column of snapshot dates is taken to be filled.
 */
export function rowReaderFor(
  titles: readonly string[],
  sample: readonly (readonly string[])[] = [],
  onDoubt: RowReaderOptions['onDoubt'] = () => {},
): RowReader {
  const header = readHeader(titles);
  const judged = judgeColumns(header.layout, sample, undefined);
  const hasSnapshots = judged.hasSnapshots || (sample.length === 0 && header.layout.snapshot >= 0);
  return new RowReader({ titles, header, judgement: { ...judged, hasSnapshots }, onDoubt });
}

function hasMore(cells: readonly string[], width: number): boolean {
  for (let at = width; at < cells.length; at++) if (cells[at]!.trim() !== '') return true;
  return false;
}

function clipped(text: string): string {
  if (text.length <= MAX_ID_CHARACTERS) return text;
  return Array.from(text.slice(0, 2 * MAX_ID_CHARACTERS))
    .slice(0, MAX_ID_CHARACTERS)
    .join('');
}
