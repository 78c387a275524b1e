import { NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import {
  type Allocate,
  allocateNew,
  COPY_HEADER,
  COPY_TRAILER,
  POSTGRES_EPOCH_DAYS,
} from '#shared/db/copy/binary-copy.ts';
import { CopyWriter } from '#shared/db/copy/copy-writer.ts';
import { consecutive, planBlocks } from './plan-blocks.ts';
import { BLOCK_COLUMNS, type BlockContext, isLogistic, NONE, type ScoredRows } from './score-block.ts';

export type EncodedBlocks = {
  /** A whole binary COPY stream for `BLOCK_COPY_SQL`. */
  copy: Buffer;
  blockCount: number;
};

/** Room for a row of usual width; the writer grows where that is too little. */
const ROW_BYTES = 110;
const BLOCK_BYTES = 600;
const REASON_BYTES = 14;
const NO_DUE_DAY = -0x8000;

export function encodeBlocks(
  context: BlockContext,
  scored: ScoredRows,
  allocate: Allocate = allocateNew,
): EncodedBlocks {
  const { rows, reasons } = scored;
  const ends = planBlocks(scored);
  const size =
    rows.rowCount * (ROW_BYTES + REASON_BYTES * (reasons?.k ?? 0)) +
    ends.length * BLOCK_BYTES +
    rows.patientIds.bytes.length;
  const out = new CopyWriter(size, allocate);
  out.bytes(COPY_HEADER);
  const encode = blockEncoder(context, scored, out);
  let start = 0;
  for (const end of ends) {
    encode(start, end);
    start = end;
  }
  out.bytes(COPY_TRAILER);
  return { copy: out.written(), blockCount: ends.length };
}

/** Writes the block of the rows [start, end); tables of a block are filled again for each. */
function blockEncoder(
  context: BlockContext,
  scored: ScoredRows,
  out: CopyWriter,
): (start: number, end: number) => void {
  const { rows, rawScores, risks, tiers, reasons } = scored;
  const { offsets, bytes: idBytes } = rows.patientIds;
  const period = Date.parse(`${context.period}T00:00:00Z`) / 86_400_000 - POSTGRES_EPOCH_DAYS;
  const jobId = Buffer.from(context.jobId.replaceAll('-', ''), 'hex');
  const gaps = !consecutive(rows.rowNumbers, rows.rowCount);
  const wide = rows.features.length > 255;
  const k = reasons?.k ?? 0;
  const facilities = rows.facilities.names.map((name) => Buffer.from(name));
  const facilityNos = new Map<number, number>();
  const texts = rows.identifiers.map((column) => column.texts.map((text) => Buffer.from(text)));
  const names = rows.identifiers.map(({ name }) => Buffer.from(name));
  const textNos = rows.identifiers.map(() => new Map<number, number>());
  const valueNos = new Map<number, number>();
  const bytes = new Uint8Array(NONE * Math.max(k, rows.identifiers.length, 1) + NONE);

  const writeFacilities = (start: number, end: number) => {
    facilityNos.clear();
    for (let row = start; row < end; row++) {
      const facility = rows.facilities.indices[row] as number;
      let no = facility === NO_FACILITY ? NONE : facilityNos.get(facility);
      if (no === undefined) facilityNos.set(facility, (no = facilityNos.size));
      bytes[row - start] = no;
    }
    if (facilityNos.size === 0) return void out.null().null();
    out.textArray(
      Array.from(facilityNos.keys(), (facility) => facilities[facility] as Buffer),
      facilityNos.size,
    );
    out.field(bytes.subarray(0, end - start));
  };

  const writeReasons = (start: number, end: number) => {
    if (reasons === undefined || k === 0) return void out.null().null().null().null().null();
    const { features, contributions } = reasons;
    const [from, to] = [start * k, end * k];
    for (let at = from; at < to; at++) bytes[at - from] = features[at] as number;
    out.field(bytes.subarray(0, to - from));
    if (wide) {
      for (let at = from; at < to; at++) bytes[at - from] = (features[at] as number) >> 8;
      out.field(bytes.subarray(0, to - from));
    } else out.null();
    out.beginArray(OID_FLOAT4, to - from);
    for (let at = from; at < to; at++) {
      out.float4((features[at] as number) < 0 ? NaN : (contributions[at] as number));
    }
    out.endArray();
    valueNos.clear();
    for (let at = from; at < to; at++) {
      const feature = features[at] as number;
      const value =
        feature < 0 ? NaN : ((rows.features[feature] as Float64Array)[Math.floor(at / k)] as number);
      let no = valueNos.get(value);
      if (no === undefined) valueNos.set(value, (no = valueNos.size));
      bytes[at - from] = no;
    }
    out.beginArray(OID_FLOAT8, valueNos.size);
    for (const value of valueNos.keys()) out.float8(value);
    out.endArray();
    out.field(bytes.subarray(0, to - from));
  };

  const writeIdentifiers = (start: number, end: number) => {
    if (names.length === 0) return void out.null().null().null();
    const n = end - start;
    const kept: Buffer[] = [];
    for (const [column, { indices }] of rows.identifiers.entries()) {
      const nos = textNos[column] as Map<number, number>;
      nos.clear();
      for (let row = start; row < end; row++) {
        const text = indices[row] as number;
        let no = text < 0 ? NONE : nos.get(text);
        if (no === undefined) {
          nos.set(text, (no = kept.length));
          kept.push(texts[column]?.[text] as Buffer);
        }
        bytes[column * n + row - start] = no;
      }
    }
    out.textArray(names, names.length).textArray(kept, kept.length);
    out.field(bytes.subarray(0, names.length * n));
  };

  return (start, end) => {
    const n = end - start;
    let earliest = Infinity;
    let logistic = true;
    for (let row = start; row < end; row++) {
      const due = rows.dueDates[row] as number;
      if (due !== NO_DATE && due < earliest) earliest = due;
      logistic &&= isLogistic(rawScores[row] as number, risks[row] as number);
    }
    out.int2Bare(BLOCK_COLUMNS.length);
    out.int4(period).field(jobId);
    out.int4(rows.rowNumbers[start] as number).int4(context.chunkNo);
    out.int2(context.tenantId).int2(n).int2(k);
    if (earliest === Infinity) out.null();
    else out.int4(earliest - POSTGRES_EPOCH_DAYS);
    if (gaps) {
      out.beginArray(OID_INT4, n);
      for (let row = start; row < end; row++) out.int4(rows.rowNumbers[row] as number);
      out.endArray();
    } else out.null();
    out.beginArray(OID_TEXT, n);
    for (let row = start; row < end; row++)
      out.slice(idBytes, offsets[row] as number, offsets[row + 1] as number);
    out.endArray();
    writeFacilities(start, end);
    if (earliest === Infinity) out.null();
    else {
      out.beginArray(OID_INT2, n);
      for (let row = start; row < end; row++) {
        const due = rows.dueDates[row] as number;
        out.int2(due === NO_DATE ? NO_DUE_DAY : due - earliest);
      }
      out.endArray();
    }
    out.beginArray(OID_FLOAT8, n);
    for (let row = start; row < end; row++) out.float8(rawScores[row] as number);
    out.endArray();
    if (logistic) out.null();
    else {
      out.beginArray(OID_FLOAT8, n);
      for (let row = start; row < end; row++) out.float8(risks[row] as number);
      out.endArray();
    }
    out.field(tiers.subarray(start, end));
    writeReasons(start, end);
    writeIdentifiers(start, end);
  };
}

const OID_INT2 = 21;
const OID_INT4 = 23;
const OID_TEXT = 25;
const OID_FLOAT4 = 700;
const OID_FLOAT8 = 701;
