import { IDENTIFIER_NAMES, type Identifiers } from '#patients/record/identifiers.ts';
import { ROW_NUMBERS, type LineListRow, type RowFault } from './row.ts';

const NUMBERS_BYTES = 8 * (ROW_NUMBERS.length + 2);
const LENGTH_BYTES = 4;
const LENGTH_OF_TEXT_BYTES = 2;
/** No text of a row is longer: ids and identifiers have 64 characters, a facility's key and a fault's texts fewer than this. */
export const MOST_TEXT_CHARACTERS = 1_000;
const TEXTS = 5 + IDENTIFIER_NAMES.length;
export const MOST_ROW_BYTES =
  LENGTH_BYTES + NUMBERS_BYTES + TEXTS * (LENGTH_OF_TEXT_BYTES + 4 * MOST_TEXT_CHARACTERS);

/** Writes a row at `at`, its length first; returns where it ends. Layout: line, row number, numbers, texts. */
export function encodeRow(row: LineListRow, out: Buffer, at: number): number {
  let to = at + LENGTH_BYTES;
  to = out.writeDoubleLE(row.line, to);
  to = out.writeDoubleLE(row.rowNo, to);
  for (const name of ROW_NUMBERS) to = out.writeDoubleLE(row[name], to);
  to = text(row.sheet ?? '', out, to);
  to = text(row.patientId, out, to);
  to = text(row.facilityId, out, to);
  to = text(row.facilityKey, out, to);
  to = text(row.fault === undefined ? '' : JSON.stringify(row.fault), out, to);
  for (const name of IDENTIFIER_NAMES) to = text(row.identifiers[name] ?? '', out, to);
  out.writeUInt32LE(to - at, at);
  return to;
}

function text(value: string, out: Buffer, at: number): number {
  const cut = value.length > MOST_TEXT_CHARACTERS ? value.slice(0, MOST_TEXT_CHARACTERS) : value;
  const length = out.write(cut, at + LENGTH_OF_TEXT_BYTES);
  out.writeUInt16LE(length, at);
  return at + LENGTH_OF_TEXT_BYTES + length;
}

/** Reads the row at `at`; the next one stands at `end`. */
export function decodeRow(from: Buffer, at: number): { row: LineListRow; end: number } {
  const end = at + from.readUInt32LE(at);
  let to = at + LENGTH_BYTES;
  const number = () => {
    to += 8;
    return from.readDoubleLE(to - 8);
  };
  const string = () => {
    const begin = to + LENGTH_OF_TEXT_BYTES;
    to = begin + from.readUInt16LE(to);
    return from.toString('utf8', begin, to);
  };
  const [line, rowNo] = [number(), number()];
  const numbers = {} as Pick<LineListRow, (typeof ROW_NUMBERS)[number]>;
  for (const name of ROW_NUMBERS) numbers[name] = number();
  const [sheet, patientId, facilityId, facilityKey, fault] = [
    string(),
    string(),
    string(),
    string(),
    string(),
  ];
  const identifiers: Identifiers = {};
  for (const name of IDENTIFIER_NAMES) {
    const value = string();
    if (value !== '') identifiers[name] = value;
  }
  const row: LineListRow = {
    ...numbers,
    line,
    rowNo,
    sheet: sheet === '' ? undefined : sheet,
    patientId,
    facilityId,
    facilityKey,
    identifiers,
    fault: fault === '' ? undefined : (JSON.parse(fault) as RowFault),
  };
  return { row, end };
}
