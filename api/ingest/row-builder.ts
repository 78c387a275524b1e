import {
  type ChunkRows,
  type IdentifierColumn,
  NO_DATE,
  NO_FACILITY,
  NO_TEXT,
} from '#shared/chunks/payload.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { IDENTIFIER_NAMES, type IdentifierName } from '#patients/record/identifiers.ts';
import { shownText } from '#patients/values/cell-text.ts';
import { type DateOrder, readDate } from '#patients/values/dates.ts';
import {
  IDENTIFIER_FAULTS,
  identifierFault,
  MAX_ID_CHARACTERS,
  readableId,
} from '#patients/values/identifier.ts';
import { isMissing, isMissingDate, MISSING_WORDS } from '#patients/values/missing.ts';
import type { NumberStyle } from '#patients/values/numbers.ts';
import type { RejectedRow } from '#shared/jobs/append-to-job.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { type FacilityRatios, facilityRatios } from '#shared/models/facility-ratios.ts';
import { type ValueFault, ValueRules } from '#shared/models/value-rules.ts';
import { parseCalendarDate } from './calendar-date.ts';
import {
  DUE_DATE,
  FACILITY_ID,
  FIRST_IDENTIFIER,
  IGNORED,
  judgedFeatures,
  PATIENT_ID,
} from './cohort-layout.ts';
import { parseDecimal } from './decimal.ts';
import { ByteNames } from './byte-names.ts';
import { PatientCounter } from './patient-counter.ts';

const SPACE = 0x20;
const EQUALS = 0x3d;
const POINT = 0x2e;
const COMMA = 0x2c;
const LETTER_E = 0x65;
const MAX_ID_BYTES = 4 * MAX_ID_CHARACTERS;
/** The first three bytes of each word for missing: hardly an id begins so. */
const MISSING_STARTS = new Set(
  [...MISSING_WORDS].map((word) => Buffer.from(word)).map((word) => startOf(word, 0, word.length)),
);
/** 1 for the first byte of one, in either case. */
const MISSING_FIRSTS = Uint8Array.from({ length: 256 }, (_, byte) =>
  [...MISSING_STARTS].some((start) => start >> 16 === (byte | SPACE)) ? 1 : 0,
);
/** Read of a text for a feature: longer ones are no number, word or label. */
const MAX_VALUE_BYTES = 256;
/** 1 for bytes with which a cell begins or ends that may show something else than it holds. */
const DRESSED = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x28 || byte === EQUALS || byte > 0x7f ? 1 : 0,
);
/** Stands for bytes that are no text. */
const REPLACEMENT = '\ufffd';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type RowBuilderOptions = {
  manifest: ModelManifest;
  chunkRows: number;
  /** Records of the job before this input's first: its rows are numbered from there. */
  recordsBefore?: number;
  /** False: nobody's risk is to depend on their facility. */
  facilityEffect?: boolean;
  /** Takes a full chunk; its arrays are the builder's own and are used again as soon as this returns. */
  onChunk: (rows: ChunkRows) => void;
};

/**
 * Gathers rows into columnar chunks and judges every value by the model's rules. A parser calls `begin`, one `cell` or
 * `number` a value, `end`; a row with a fault becomes one rejection, naming its first fault and whose row it is, and
 * leaves no trace in the chunk. Row numbers count every record of the input.
 */
export class RowBuilder {
  /**
   * The present row's values of `judgedFeatures`, the model's first; NaN where missing. A parser may write a number here; `end` judges
   * it.
   */
  readonly values: Float64Array;
  /** How the columns of a table write numbers and days: what `judgeColumns` found. */
  numberStyles: readonly (NumberStyle | undefined)[] = [];
  dateOrder: DateOrder = 'unknown';
  /** Of a workbook: the sheet that rows come from. */
  sheet: string | undefined;
  readonly #rules: ValueRules;
  /** Of the model: the others are judged and let go. */
  readonly #featureCount: number;
  readonly #capacity: number;
  readonly #onChunk: RowBuilderOptions['onChunk'];
  readonly #patients = new PatientCounter();
  readonly #ratios: FacilityRatios | undefined;

  #rowCount = 0;
  readonly #columns: Float64Array;
  readonly #rowNumbers: Int32Array;
  readonly #idOffsets: Uint32Array;
  #idBytes: Uint8Array;
  readonly #facilityIndices: Int32Array;
  readonly #dueDates: Int32Array;
  #facilities = new ByteNames();
  #identifiers = new Map<IdentifierName, IdentifierDictionary>();
  /** Of the present row. */
  readonly #texts = new Map<IdentifierName, string>();

  /** Records begun so far, and the number of the present one: the same unless a source numbers its rows itself. */
  #recordCount: number;
  readonly #recordsBefore: number;
  #rowNo = 0;
  #line = 0;
  #fault: RejectedRow | undefined;
  #idEnd = 0;
  #hasId = false;
  /** What can be read of an id that breaks the rule: whoever looks for the person needs it. */
  #brokenId = '';
  /** Length of the present row's facility in #facility; 0 where it has none. */
  #facilityLength = 0;
  readonly #facility = Buffer.alloc(MAX_ID_BYTES);
  /** What the present cell shows, where that is not what it holds. */
  readonly #scratch = Buffer.alloc(2 * MAX_VALUE_BYTES);
  #day = NO_DATE;

  /** Refused rows since they were last taken. */
  #rejections: RejectedRow[] = [];
  #duplicatesTaken = 0;
  #joined = 0;

  constructor(options: RowBuilderOptions) {
    const { features } = options.manifest;
    const judged = judgedFeatures(options.manifest);
    this.#recordsBefore = options.recordsBefore ?? 0;
    this.#recordCount = this.#recordsBefore;
    this.#rules = new ValueRules(judged);
    this.#featureCount = features.length;
    this.#capacity = options.chunkRows;
    this.#ratios = facilityRatios(options.manifest, options.facilityEffect ?? true);
    this.#onChunk = options.onChunk;
    this.values = new Float64Array(judged.length).fill(NaN);
    this.#columns = new Float64Array(features.length * this.#capacity);
    this.#rowNumbers = new Int32Array(this.#capacity);
    this.#idOffsets = new Uint32Array(this.#capacity + 1);
    this.#idBytes = new Uint8Array(this.#capacity * 16 + MAX_ID_BYTES);
    this.#facilityIndices = new Int32Array(this.#capacity);
    this.#dueDates = new Int32Array(this.#capacity);
  }

  /** Records of this input seen so far, refused and joined ones included. */
  get rowNo(): number {
    return this.#recordCount - this.#recordsBefore;
  }

  get rejectionCount(): number {
    return this.#rejections.length;
  }

  get isRejected(): boolean {
    return this.#fault !== undefined;
  }

  get hasId(): boolean {
    return this.#hasId;
  }

  /** `rowNo` is given by sources that join rows or hold them back: the file's own record number. */
  begin(line: number, rowNo?: number): void {
    this.#rowNo = rowNo === undefined ? this.#recordCount + 1 : this.#recordsBefore + rowNo;
    this.#recordCount++;
    this.#line = line;
    this.#fault = undefined;
    this.#hasId = false;
    this.#brokenId = '';
    this.#facilityLength = 0;
    this.#day = NO_DATE;
    if (this.#texts.size > 0) this.#texts.clear();
    const { values } = this;
    for (let feature = 0; feature < values.length; feature++) values[feature] = NaN;
  }

  /** As if the row had not been begun: its parser starts over. */
  undo(): void {
    this.#recordCount--;
  }

  /** Rows of the file that tell of the present row's patient too, and were joined with it. */
  join(rowCount: number): void {
    this.#joined += rowCount;
    this.#recordCount += rowCount;
  }

  /** A record that could not be begun or finished: counted and refused. */
  reject(field: string | null, code: string, message: string): void {
    if (this.#fault !== undefined) return;
    this.#fault = { rowNo: this.#rowNo, line: this.#line, field, code, message };
    if (this.sheet !== undefined) this.#fault.sheet = this.sheet;
  }

  /** Any value as text, unquoted and unescaped; empty is missing. */
  cell(role: number, bytes: Buffer, start: number, end: number): void {
    if (role >= 0) this.#featureText(role, bytes, start, end);
    else if (role === PATIENT_ID) this.#patientId(bytes, start, end);
    else if (start === end || role === IGNORED) return;
    else if (role === FACILITY_ID) this.#facilityId(bytes, start, end);
    else if (role === DUE_DATE) this.#dueDate(bytes, start, end);
    else this.identifier(IDENTIFIER_NAMES[FIRST_IDENTIFIER - role]!, textOf(bytes, start, end));
  }

  /** A text that is kept beside the prediction, cut to 64 characters; what is missing is not kept. */
  identifier(name: IdentifierName, text: string): void {
    if (isMissing(text)) return;
    const plain = text.slice(0, MAX_ID_CHARACTERS).trim().toWellFormed();
    if (identifierFault(plain) === undefined) this.#texts.set(name, plain);
  }

  end(): void {
    const row = this.#rowCount;
    if (!this.#hasId) this.reject('patient_id', 'missing_value', 'patient_id is empty.');
    if (this.#ratios !== undefined) this.#lookUpFacility(this.#ratios);
    if (this.#fault === undefined) this.#judge(row);
    if (this.#fault !== undefined) {
      this.#rejections.push(this.#named(this.#fault));
      return;
    }
    this.#rowNumbers[row] = this.#rowNo;
    this.#idOffsets[row + 1] = this.#idEnd;
    this.#dueDates[row] = this.#day;
    this.#facilityIndices[row] =
      this.#facilityLength === 0
        ? NO_FACILITY
        : this.#facilities.numberOf(this.#facility, 0, this.#facilityLength);
    if (this.#texts.size > 0) this.#keepTexts(row);
    this.#rowCount++;
    if (this.#rowCount === this.#capacity) this.flush();
  }

  /** Hands the rows gathered so far over as a chunk, if there are any. */
  flush(): void {
    const rowCount = this.#rowCount;
    if (rowCount === 0) return;
    this.#patients.addAll(this.#idBytes, this.#idOffsets, rowCount);
    const idLength = this.#idOffsets[rowCount] as number;
    const features = Array.from({ length: this.#featureCount });
    this.#onChunk({
      rowCount,
      rowNumbers: this.#rowNumbers.subarray(0, rowCount),
      patientIds: {
        offsets: this.#idOffsets.subarray(0, rowCount + 1),
        bytes: this.#idBytes.subarray(0, idLength),
      },
      facilities: {
        names: this.#facilities.names,
        indices: this.#facilityIndices.subarray(0, rowCount),
      },
      dueDates: this.#dueDates.subarray(0, rowCount),
      identifiers: [...this.#identifiers].map(([name, dictionary]) => dictionary.column(name, rowCount)),
      features: features.map((_, feature) =>
        this.#columns.subarray(feature * this.#capacity, feature * this.#capacity + rowCount),
      ),
    });
    this.#rowCount = 0;
    this.#facilities = new ByteNames();
    this.#identifiers = new Map();
  }

  takeRejections(): RejectedRow[] {
    const taken = this.#rejections;
    this.#rejections = [];
    return taken;
  }

  /** Rows since the last call that were joined with another. */
  takeJoined(): number {
    const taken = this.#joined;
    this.#joined = 0;
    return taken;
  }

  /** Rows since the last call whose patient had occurred before. */
  takeDuplicates(): number {
    const taken = this.#patients.duplicates - this.#duplicatesTaken;
    this.#duplicatesTaken = this.#patients.duplicates;
    return taken;
  }

  /** The refusal with whose row it is, as far as that was read. */
  #named(fault: RejectedRow): RejectedRow {
    if (this.#hasId) {
      const begin = this.#idOffsets[this.#rowCount] as number;
      fault.patientId ??= Buffer.from(this.#idBytes.buffer, begin, this.#idEnd - begin).toString();
    } else if (this.#brokenId !== '') fault.patientId ??= this.#brokenId;
    if (this.#facilityLength > 0)
      fault.facilityId ??= this.#facility.toString('utf8', 0, this.#facilityLength);
    if (this.#day !== NO_DATE) fault.dueDate ??= isoDateOf(this.#day);
    return fault;
  }

  /** What the model knows of the row's facility, unless the row says it itself. */
  #lookUpFacility(ratios: FacilityRatios): void {
    const { values } = this;
    if (!ratios.isOn) values[ratios.column] = NaN;
    else if (Number.isNaN(values[ratios.column]) && this.#facilityLength > 0)
      values[ratios.column] = ratios.of(this.#facility.toString('utf8', 0, this.#facilityLength));
  }

  /** Moves the row's values into their columns, up to the first that is not one of its feature's. */
  #judge(row: number): void {
    const { values } = this;
    const { min, max, whole, gapped } = this.#rules;
    const columns = this.#columns;
    const capacity = this.#capacity;
    const featureCount = this.#featureCount;
    for (let feature = 0, at = row; feature < values.length; feature++, at += capacity) {
      const value = values[feature] as number;
      if (feature < featureCount) columns[at] = value;
      if (value >= (min[feature] as number) && value <= (max[feature] as number)) {
        if (whole[feature] === 0 || Math.floor(value) === value) continue;
      } else if (value !== value) {
        continue;
      }
      this.#rejectNumber(feature, value);
      return;
    }
    for (const { feature, codes } of gapped) {
      const value = values[feature] as number;
      if (value === value && !codes.has(value)) this.#rejectNumber(feature, value);
    }
  }

  #featureText(feature: number, bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const style = this.numberStyles[feature] ?? 'unknown';
    if (style !== 'comma') {
      const value = parseDecimal(bytes, start, end);
      if (value === value) {
        this.values[feature] = value;
        return;
      }
    }
    const text = bytes.toString('utf8', start, Math.min(end, start + MAX_VALUE_BYTES));
    const read = this.#rules.readText(feature, text, style);
    if (typeof read === 'number') this.values[feature] = read;
    else this.#rejectValue(feature, read);
  }

  #rejectNumber(feature: number, value: number): void {
    const fault = this.#rules.faultOf(feature, value);
    if (fault !== undefined) this.#rejectValue(feature, fault);
  }

  #rejectValue(feature: number, fault: ValueFault): void {
    this.reject(this.#rules.features[feature]!.name, fault.code, fault.message);
  }

  #patientId(bytes: Buffer, start: number, end: number): void {
    if (isDressed(bytes, start, end) && this.#undressed(PATIENT_ID, bytes, start, end)) return;
    const begin = this.#idOffsets[this.#rowCount] as number;
    if (!this.#checkText('patient_id', bytes, start, end)) {
      this.#brokenId = readableId(textOf(bytes, start, end));
      return;
    }
    const needed = begin + (end - start);
    if (needed > this.#idBytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#idBytes.length * 2));
      grown.set(this.#idBytes);
      this.#idBytes = grown;
    }
    for (let from = start, to = begin; from < end; from++, to++) this.#idBytes[to] = bytes[from] as number;
    this.#idEnd = needed;
    this.#hasId = true;
  }

  #facilityId(bytes: Buffer, start: number, end: number): void {
    if (isDressed(bytes, start, end) && this.#undressed(FACILITY_ID, bytes, start, end)) return;
    if (start === end || isMissingId(bytes, start, end)) return;
    if (!this.#checkText('facility_id', bytes, start, end)) return;
    for (let from = start, to = 0; from < end; from++, to++) this.#facility[to] = bytes[from] as number;
    this.#facilityLength = end - start;
  }

  /** Takes what a cell shows in the place of what it holds; false where that is the same, or it is no text. */
  #undressed(role: number, bytes: Buffer, start: number, end: number): boolean {
    if (end - start > MAX_VALUE_BYTES) return false;
    const text = bytes.toString('utf8', start, end);
    const shown = shownText(text);
    if (shown === text || text.includes(REPLACEMENT)) return false;
    this.cell(role, this.#scratch, 0, this.#scratch.write(shown));
    return true;
  }

  #dueDate(bytes: Buffer, start: number, end: number): void {
    const day = parseCalendarDate(bytes, start, end) ?? this.#spelledDay(textOf(bytes, start, end));
    if (day !== undefined) this.#day = day;
  }

  #spelledDay(text: string): number | undefined {
    if (isMissingDate(text)) return undefined;
    const day = readDate(shownText(text), this.dateOrder);
    if (typeof day === 'number') return day;
    if (day === 'ambiguous') {
      this.reject(
        'due_date',
        'ambiguous_date',
        'due_date may be read day or month first, and no other row shows which; send date_order=dmy or date_order=mdy.',
      );
    } else {
      this.reject(
        'due_date',
        'not_a_date',
        this.dateOrder === 'dmy' || this.dateOrder === 'mdy'
          ? `due_date is no date that writes ${this.dateOrder === 'dmy' ? 'the day before the month' : 'the month before the day'}, as the column does.`
          : 'due_date is no date, such as 2026-12-31.',
      );
    }
    return undefined;
  }

  #keepTexts(row: number): void {
    for (const [name, text] of this.#texts) {
      let dictionary = this.#identifiers.get(name);
      if (dictionary === undefined) {
        dictionary = new IdentifierDictionary(this.#capacity);
        this.#identifiers.set(name, dictionary);
      }
      dictionary.set(row, text);
    }
  }

  /** The identifier rule of patients/values/identifier.ts, without a string for what is plain ASCII. */
  #checkText(field: string, bytes: Buffer, start: number, end: number): boolean {
    let plain = end - start <= MAX_ID_CHARACTERS;
    let blank = true;
    for (let at = start; at < end && plain; at++) {
      const byte = bytes[at] as number;
      plain = byte >= 0x20 && byte < 0x7f;
      if (byte !== 0x20) blank = false;
    }
    if (plain && !blank && !isMissingId(bytes, start, end) && !mayBeRounded(bytes, start, end)) return true;
    const fault =
      plain && (blank || isMissingId(bytes, start, end))
        ? 'missing_value'
        : end - start > MAX_ID_BYTES
          ? 'too_long'
          : decodedFault(bytes.subarray(start, end));
    if (fault !== undefined) this.reject(field, fault, `${field} ${IDENTIFIER_FAULTS[fault]}.`);
    return fault === undefined;
  }
}

/** The texts of one kind of identifier in a chunk. */
class IdentifierDictionary {
  readonly #numbers = new Map<string, number>();
  readonly #indices: Int32Array;

  constructor(capacity: number) {
    this.#indices = new Int32Array(capacity).fill(NO_TEXT);
  }

  set(row: number, text: string): void {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(text, number);
    }
    this.#indices[row] = number;
  }

  column(name: IdentifierName, rowCount: number): IdentifierColumn {
    return { name, texts: [...this.#numbers.keys()], indices: this.#indices.subarray(0, rowCount) };
  }
}

function decodedFault(bytes: Uint8Array) {
  try {
    return identifierFault(utf8.decode(bytes));
  } catch {
    return 'invalid_encoding';
  }
}

/** Words for missing are no ids: `NULL` is nobody. */
function isMissingId(bytes: Buffer, start: number, end: number): boolean {
  return (
    MISSING_FIRSTS[bytes[start] as number] === 1 &&
    MISSING_STARTS.has(startOf(bytes, start, end)) &&
    isMissing(bytes.toString('utf8', start, end))
  );
}

/** The first three bytes of a text as one number, letters in lower case. */
function startOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = length > 0 ? (bytes[start] as number) | SPACE : 0;
  const second = length > 1 ? (bytes[start + 1] as number) | SPACE : 0;
  const third = length > 2 ? (bytes[start + 2] as number) | SPACE : 0;
  return (first << 16) | (second << 8) | third;
}

/**
 * Whether a cell may show something else than it holds: blanks around it, a spreadsheet's marks of text, a byte order
 * mark, or a blank beyond ASCII at an end.
 */
function isDressed(bytes: Buffer, start: number, end: number): boolean {
  return DRESSED[bytes[start] as number] === 1 || DRESSED[bytes[end - 1] as number] === 1;
}

/** Whether a text may be a number as spreadsheets round them: 1.23457E+17. */
function mayBeRounded(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 4 || (bytes[start] as number) < 0x30 || (bytes[start] as number) > 0x39) return false;
  const second = bytes[start + 1] as number;
  return second === POINT || second === COMMA || (second | SPACE) === LETTER_E;
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, Math.min(end, start + MAX_VALUE_BYTES));
}
