import { parseFloat16 } from 'hyparquet/src/convert.js';
import type { SchemaElement } from 'hyparquet';
import type { ColumnShape } from './parquet-messages.ts';

/** How the stored values of a column become numbers and texts; undefined is a missing one. */
export type ColumnValues = ColumnShape & {
  number: (stored: unknown) => number;
  text: (stored: unknown) => string | Uint8Array;
};

/** Of the widest decimals that anybody writes. */
const MOST_PLACES = 76;
const JULIAN_EPOCH_DAY = 2_440_588n;
const DAY_MS = 86_400_000;
const NANOS_OF_DAY = (1n << 64n) - 1n;
const UNIT_PER_MS = { MILLIS: 1n, MICROS: 1_000n, NANOS: 1_000_000n } as const;
const NESTED = 'holds lists, maps or structures';

/** `isNested`: the column is a group or repeated, so that a row has more than one value of it. */
export function columnValues(element: SchemaElement, isNested: boolean): ColumnValues {
  if (isNested) return unreadable(NESTED);
  const { type, converted_type: converted, logical_type: logical, scale } = element;
  const kind = logical?.type;
  if (kind === 'NULL') return { holds: 'texts', number: () => NaN, text: () => '' };
  if (kind === 'DECIMAL' || converted === 'DECIMAL') {
    const places = scale ?? (kind === 'DECIMAL' ? logical.scale : 0);
    return places >= 0 && places <= MOST_PLACES ? decimals(places) : unreadable('has an unknown precision');
  }
  if (kind === 'DATE' || converted === 'DATE') return days((stored) => isoDay(Number(stored) * DAY_MS));
  if (kind === 'TIMESTAMP') return timestamps(UNIT_PER_MS[logical.unit], logical.isAdjustedToUTC);
  if (converted === 'TIMESTAMP_MILLIS') return timestamps(1n, true);
  if (converted === 'TIMESTAMP_MICROS') return timestamps(1_000n, true);
  if (type === 'INT96') return days((stored) => instant(millisOfInt96(stored as bigint), true));
  if (kind === 'TIME' || converted === 'TIME_MILLIS' || converted === 'TIME_MICROS')
    return unreadable('holds times of day');
  if (kind === 'INTERVAL' || converted === 'INTERVAL') return unreadable('holds intervals');
  if (kind === 'BSON' || converted === 'BSON') return unreadable('holds BSON');
  if (kind === 'GEOMETRY' || kind === 'GEOGRAPHY') return unreadable('holds geometries');
  if (kind === 'UUID') return texts((stored) => uuid(stored as Uint8Array));
  if (kind === 'FLOAT16') return numbers((stored) => parseFloat16(stored as Uint8Array) ?? NaN, floatText);
  switch (type) {
    case 'BOOLEAN':
      return numbers(Number, String);
    case 'INT32':
      return isUnsigned(element) ? numbers((stored) => Number(stored) >>> 0) : numbers(Number, String);
    case 'INT64':
      return isUnsigned(element)
        ? numbers(
            (stored) => Number(BigInt.asUintN(64, stored as bigint)),
            (stored) => String(BigInt.asUintN(64, stored as bigint)),
          )
        : numbers(Number, String);
    case 'FLOAT':
    case 'DOUBLE':
      return numbers(Number, floatText);
    case 'BYTE_ARRAY':
      return texts((stored) => stored as Uint8Array);
    case 'FIXED_LEN_BYTE_ARRAY':
      return unreadable('holds bytes of a fixed length');
    case undefined:
    default:
      return unreadable('is of a type that is not known');
  }
}

function numbers(
  number: (stored: unknown) => number,
  text: (stored: unknown) => string = (stored) => String(number(stored)),
): ColumnValues {
  return { holds: 'numbers', number, text };
}

function texts(text: (stored: unknown) => string | Uint8Array): ColumnValues {
  return { holds: 'texts', number: () => NaN, text };
}

function days(text: (stored: unknown) => string): ColumnValues {
  return { holds: 'days', number: () => NaN, text };
}

function unreadable(why: string): ColumnValues {
  return { holds: 'unreadable', why, number: () => NaN, text: () => '' };
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted?.startsWith('UINT_') === true || (logical?.type === 'INTEGER' && !logical.isSigned);
}

/** NaN is how many programs say missing. A whole number that has lost digits is written as a spreadsheet does: no id is so. */
function floatText(stored: unknown): string {
  const value = stored instanceof Uint8Array ? (parseFloat16(stored) ?? NaN) : Number(stored);
  if (Number.isNaN(value)) return '';
  const hasLostDigits = Number.isInteger(value) && !Number.isSafeInteger(value);
  return hasLostDigits ? value.toExponential(5).toUpperCase() : String(value);
}

/** Exact: the digits and where the point stands make one text, of which a number is the nearest. */
function decimals(scale: number): ColumnValues {
  const text = (stored: unknown) => {
    const unscaled = stored instanceof Uint8Array ? bigEndian(stored) : BigInt(stored as number | bigint);
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
    const point = digits.length - scale;
    const plain = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
    return unscaled < 0n ? `-${plain}` : plain;
  };
  return numbers((stored) => Number(text(stored)), text);
}

function bigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString('hex');
  return hex === '' ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

function timestamps(perMs: bigint, isInstant: boolean): ColumnValues {
  return days((stored) => {
    const units = BigInt(stored as number | bigint);
    // Divided downwards, as days before 1970 are counted.
    const ms = units / perMs - (units % perMs < 0n ? 1n : 0n);
    return instant(Number(ms), isInstant);
  });
}

function millisOfInt96(stored: bigint): number {
  const days = (stored >> 64n) - JULIAN_EPOCH_DAY;
  return Number(days) * DAY_MS + Number((stored & NANOS_OF_DAY) / 1_000_000n);
}

/** A point in time keeps its offset, so that its day is found in the programme's zone; a wall clock's has none. */
function instant(ms: number, isInstant: boolean): string {
  const day = isoDay(ms);
  const ofDay = ((ms % DAY_MS) + DAY_MS) % DAY_MS;
  if (!isInstant && ofDay === 0) return day;
  const time = new Date(ofDay).toISOString().slice(11, 19);
  return isInstant ? `${day}T${time}Z` : `${day} ${time}`;
}

/** A day that no calendar of four digits has is told as it is, and judged by whoever reads it. */
function isoDay(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString().split('T', 1)[0]!;
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}
