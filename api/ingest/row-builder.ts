import { type ChunkRows, NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import type { RejectedRow } from '#shared/jobs/append-to-job.ts';
import type { ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';
import { parseCalendarDate } from './calendar-date.ts';
import { DUE_DATE, FACILITY_ID, IGNORED, PATIENT_ID } from './cohort-layout.ts';
import { parseDecimal } from './decimal.ts';
import { ByteNames } from './byte-names.ts';
import { PatientCounter } from './patient-counter.ts';

const MAX_ID_CHARACTERS = 64;
const MAX_ID_BYTES = 4 * MAX_ID_CHARACTERS;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type RowBuilderOptions = {
  manifest: ModelManifest;
  chunkRows: number;
  /** Takes a full chunk; its arrays are the builder's own and are used again as soon as this returns. */
  onChunk: (rows: ChunkRows) => void;
};

/**
 * Gathers rows into columnar chunks and judges every value by the manifest. A parser calls `begin`, one `cell` or
 * `number` a value, `end`; a row with a fault becomes one rejection, naming its first fault, and leaves no trace in
 * the chunk. Row numbers count every record of the input.
 */
export class RowBuilder {
  /**
   * The present row's features, in the model's order; NaN where missing. A parser may write a number here; `end` judges
   * it.
   */
  readonly values: Float64Array;
  readonly #features: readonly ManifestFeature[];
  readonly #capacity: number;
  readonly #onChunk: RowBuilderOptions['onChunk'];
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  /** 1 where only whole numbers are values. */
  readonly #whole: Uint8Array;
  /** Codes of categorical features whose range has gaps. */
  readonly #gapped: readonly { feature: number; codes: ReadonlySet<number> }[];
  readonly #labels: (ReadonlyMap<string, number> | undefined)[];
  readonly #patients = new PatientCounter();

  #rowCount = 0;
  readonly #columns: Float64Array;
  readonly #rowNumbers: Int32Array;
  readonly #idOffsets: Uint32Array;
  #idBytes: Uint8Array;
  readonly #facilityIndices: Int32Array;
  readonly #dueDates: Int32Array;
  #facilities = new ByteNames();

  #rowNo = 0;
  #line = 0;
  #fault: RejectedRow | undefined;
  #idEnd = 0;
  #hasId = false;
  /** Length of the present row's facility in #facility; 0 where it has none. */
  #facilityLength = 0;
  readonly #facility = Buffer.alloc(MAX_ID_BYTES);
  #day = NO_DATE;

  /** Refused rows since they were last taken. */
  #rejections: RejectedRow[] = [];
  #duplicatesTaken = 0;

  constructor(options: RowBuilderOptions) {
    const { features } = options.manifest;
    this.#features = features;
    this.#capacity = options.chunkRows;
    this.#onChunk = options.onChunk;
    this.values = new Float64Array(features.length).fill(NaN);
    this.#min = Float64Array.from(features, (feature) => feature.min);
    this.#max = Float64Array.from(features, (feature) => feature.max);
    this.#whole = Uint8Array.from(features, (feature) => (feature.kind === 'numeric' ? 0 : 1));
    this.#gapped = features.flatMap((feature, index) => {
      const codes = new Set(feature.categories?.map(({ code }) => code));
      const inRange = [...codes].filter((code) => code >= feature.min && code <= feature.max);
      return codes.size === 0 || inRange.length === feature.max - feature.min + 1
        ? []
        : [{ feature: index, codes }];
    });
    this.#labels = features.map(labelsOf);
    this.#columns = new Float64Array(features.length * this.#capacity);
    this.#rowNumbers = new Int32Array(this.#capacity);
    this.#idOffsets = new Uint32Array(this.#capacity + 1);
    this.#idBytes = new Uint8Array(this.#capacity * 16 + MAX_ID_BYTES);
    this.#facilityIndices = new Int32Array(this.#capacity);
    this.#dueDates = new Int32Array(this.#capacity);
  }

  /** Records seen so far, refused ones included. */
  get rowNo(): number {
    return this.#rowNo;
  }

  get rejectionCount(): number {
    return this.#rejections.length;
  }

  get isRejected(): boolean {
    return this.#fault !== undefined;
  }

  begin(line: number): void {
    this.#rowNo++;
    this.#line = line;
    this.#fault = undefined;
    this.#hasId = false;
    this.#facilityLength = 0;
    this.#day = NO_DATE;
    const { values } = this;
    for (let feature = 0; feature < values.length; feature++) values[feature] = NaN;
  }

  /** As if the row had not been begun: its parser starts over. */
  undo(): void {
    this.#rowNo--;
  }

  /** A record that could not be begun or finished: counted and refused. */
  reject(field: string | null, code: string, message: string): void {
    this.#fault ??= { rowNo: this.#rowNo, line: this.#line, field, code, message };
  }

  /** Any value as text, unquoted and unescaped; empty is missing. */
  cell(role: number, bytes: Buffer, start: number, end: number): void {
    if (role >= 0) this.#featureText(role, bytes, start, end);
    else if (role === PATIENT_ID) this.#patientId(bytes, start, end);
    else if (start === end || role === IGNORED) return;
    else if (role === FACILITY_ID) this.#facilityId(bytes, start, end);
    else if (role === DUE_DATE) this.#dueDate(bytes, start, end);
  }

  end(): void {
    const row = this.#rowCount;
    if (!this.#hasId) this.reject('patient_id', 'missing_value', 'patient_id is empty.');
    if (this.#fault === undefined) this.#judge(row);
    if (this.#fault !== undefined) {
      this.#rejections.push(this.#fault);
      return;
    }
    this.#rowNumbers[row] = this.#rowNo;
    this.#idOffsets[row + 1] = this.#idEnd;
    this.#dueDates[row] = this.#day;
    this.#facilityIndices[row] =
      this.#facilityLength === 0
        ? NO_FACILITY
        : this.#facilities.numberOf(this.#facility, 0, this.#facilityLength);
    this.#rowCount++;
    if (this.#rowCount === this.#capacity) this.flush();
  }

  /** Hands the rows gathered so far over as a chunk, if there are any. */
  flush(): void {
    const rowCount = this.#rowCount;
    if (rowCount === 0) return;
    this.#patients.addAll(this.#idBytes, this.#idOffsets, rowCount);
    const idLength = this.#idOffsets[rowCount] as number;
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
      features: this.#features.map((_, feature) =>
        this.#columns.subarray(feature * this.#capacity, feature * this.#capacity + rowCount),
      ),
    });
    this.#rowCount = 0;
    this.#facilities = new ByteNames();
  }

  takeRejections(): RejectedRow[] {
    const taken = this.#rejections;
    this.#rejections = [];
    return taken;
  }

  /** Rows since the last call whose patient had occurred before. */
  takeDuplicates(): number {
    const taken = this.#patients.duplicates - this.#duplicatesTaken;
    this.#duplicatesTaken = this.#patients.duplicates;
    return taken;
  }

  /** Moves the row's values into their columns, up to the first that is not one of its feature's. */
  #judge(row: number): void {
    const { values } = this;
    const [min, max, whole, columns] = [this.#min, this.#max, this.#whole, this.#columns];
    const capacity = this.#capacity;
    for (let feature = 0, at = row; feature < values.length; feature++, at += capacity) {
      const value = values[feature] as number;
      columns[at] = value;
      if (value >= (min[feature] as number) && value <= (max[feature] as number)) {
        if (whole[feature] === 0 || Math.floor(value) === value) continue;
      } else if (value !== value) {
        continue;
      }
      this.#rejectNumber(feature, value);
      return;
    }
    for (const { feature, codes } of this.#gapped) {
      const value = values[feature] as number;
      if (value === value && !codes.has(value)) this.#rejectNumber(feature, value);
    }
  }

  #featureText(feature: number, bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const value = parseDecimal(bytes, start, end);
    if (value === value) {
      this.values[feature] = value;
      return;
    }
    const text = bytes.toString('latin1', start, Math.min(end, start + 100)).trim();
    if (text === '') return;
    const coded = this.#labels[feature]?.get(text.toLowerCase());
    if (coded !== undefined) {
      this.values[feature] = coded;
      return;
    }
    const name = this.#nameOf(feature);
    if (/^[+-]?(?:inf|infinity|\d[\d.]*e\+?\d+)$/iu.test(text)) {
      this.reject(name, 'not_finite', `${name} is not a finite number.`);
    } else if (this.#features[feature]?.kind === 'categorical') {
      this.reject(name, 'unknown_category', `${name} is none of its codes or labels.`);
    } else {
      this.reject(name, 'not_a_number', `${name} is not a number.`);
    }
  }

  #rejectNumber(feature: number, value: number): void {
    const definition = this.#features[feature] as ManifestFeature;
    const name = definition.name;
    if (!Number.isFinite(value)) {
      this.reject(name, 'not_finite', `${name} is not a finite number.`);
    } else if (definition.kind === 'boolean') {
      this.reject(name, 'not_a_boolean', `${name} is neither 0 nor 1.`);
    } else if (definition.kind === 'categorical') {
      this.reject(name, 'unknown_category', `${name} is none of its codes or labels.`);
    } else if (value < definition.min || value > definition.max) {
      this.reject(name, 'out_of_range', `${name} lies outside ${definition.min} to ${definition.max}.`);
    } else {
      this.reject(name, 'not_an_integer', `${name} is not a whole number.`);
    }
  }

  #patientId(bytes: Buffer, start: number, end: number): void {
    const begin = this.#idOffsets[this.#rowCount] as number;
    if (!this.#checkText('patient_id', bytes, start, end)) return;
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
    if (!this.#checkText('facility_id', bytes, start, end)) return;
    for (let from = start, to = 0; from < end; from++, to++) this.#facility[to] = bytes[from] as number;
    this.#facilityLength = end - start;
  }

  #dueDate(bytes: Buffer, start: number, end: number): void {
    const day = parseCalendarDate(bytes, start, end);
    if (day === undefined)
      this.reject('due_date', 'not_a_date', 'due_date is not a date of the form YYYY-MM-DD.');
    else this.#day = day;
  }

  /** 1–64 characters of UTF-8, not all blank, none a control character. */
  #checkText(field: string, bytes: Buffer, start: number, end: number): boolean {
    let plain = end - start <= MAX_ID_CHARACTERS;
    let blank = true;
    for (let at = start; at < end && plain; at++) {
      const byte = bytes[at] as number;
      plain = byte >= 0x20 && byte < 0x7f;
      if (byte !== 0x20) blank = false;
    }
    if (plain && !blank) return true;
    if (plain) this.reject(field, 'missing_value', `${field} is empty.`);
    else if (end - start > MAX_ID_BYTES)
      this.reject(field, 'too_long', `${field} has more than 64 characters.`);
    else this.#checkDecoded(field, bytes.subarray(start, end));
    return this.#fault === undefined;
  }

  #checkDecoded(field: string, bytes: Uint8Array): void {
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      this.reject(field, 'invalid_encoding', `${field} is not UTF-8.`);
      return;
    }
    if (Array.from(text).length > MAX_ID_CHARACTERS)
      this.reject(field, 'too_long', `${field} has more than 64 characters.`);
    else if (CONTROL.test(text))
      this.reject(field, 'control_character', `${field} holds a control character.`);
    else if (text.trim() === '') this.reject(field, 'missing_value', `${field} is empty.`);
  }

  #nameOf(feature: number): string {
    return (this.#features[feature] as ManifestFeature).name;
  }
}

/** Words that stand for numbers: a category's label, a boolean's true and false; all in lower case. */
function labelsOf(feature: ManifestFeature): ReadonlyMap<string, number> | undefined {
  if (feature.kind === 'boolean') {
    return new Map([
      ['true', 1],
      ['false', 0],
    ]);
  }
  return (
    feature.categories && new Map(feature.categories.map(({ code, label }) => [label.toLowerCase(), code]))
  );
}
