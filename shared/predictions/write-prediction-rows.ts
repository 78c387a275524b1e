import { type ChunkRows, NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import {
  type Allocate,
  allocateNew,
  COPY_HEADER,
  COPY_TRAILER,
  POSTGRES_EPOCH_DAYS,
  TupleTemplate,
} from '#shared/db/copy/binary-copy.ts';

export const PREDICTION_COLUMNS = [
  'period',
  'job_id',
  'tenant_id',
  'chunk_no',
  'row_no',
  'raw_score',
  'risk',
  'tier',
  'due_date',
  'patient_id',
  'facility_id',
  'reason_features',
  'reason_contributions',
  'reason_values',
] as const;

export const PREDICTION_COPY_SQL = `COPY predictions (${PREDICTION_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`;

export type PredictionContext = { period: string; jobId: string; tenantId: number; chunkNo: number };

/** As the engine gives them: rows × k, row-major, the largest contribution first; −1 where a row has fewer. */
export type Reasons = { k: number; features: Int32Array; contributions: Float64Array };

const OID_INT2 = 21;
const OID_FLOAT4 = 700;
const OID_FLOAT8 = 701;
/** Dimensions, null flag, element type, length, lower bound. */
const ARRAY_HEADER = 20;
const EMPTY_ARRAY = 12;
/** Length prefixes and values of the fields before patient_id, a due date included. */
const FIXED_BYTES = 8 + 12 + 12 + 6 + 8;

/** A whole binary COPY stream for `PREDICTION_COPY_SQL`. */
export function encodePredictions(
  context: PredictionContext,
  rows: ChunkRows,
  scores: { rawScores: Float64Array; risks: Float64Array; tiers: Uint8Array },
  reasons: Reasons | undefined,
  allocate: Allocate = allocateNew,
): Buffer {
  const template = new TupleTemplate(PREDICTION_COLUMNS.length)
    .date(context.period)
    .uuid(context.jobId)
    .int2(context.tenantId)
    .int4(context.chunkNo).bytes;
  const facilities = rows.facilities.names.map((name) => Buffer.from(name, 'utf8'));
  const { offsets, bytes: idBytes } = rows.patientIds;
  const k = reasons?.k ?? 0;
  const reasonBytes = reasons === undefined ? 12 : 3 * (4 + ARRAY_HEADER) + k * (6 + 8 + 12);
  let size = COPY_HEADER.length + COPY_TRAILER.length + (offsets[rows.rowCount] ?? 0);
  size += rows.rowCount * (template.length + FIXED_BYTES + 4 + 4 + reasonBytes);
  for (let row = 0; row < rows.rowCount; row++) {
    const facility = rows.facilities.indices[row] as number;
    if (facility !== NO_FACILITY) size += facilities[facility]?.length ?? 0;
  }
  const out = allocate(size);
  const view = new DataView(out.buffer, out.byteOffset, size);
  out.set(COPY_HEADER, 0);
  let at = COPY_HEADER.length;
  for (let row = 0; row < rows.rowCount; row++) {
    out.set(template, at);
    at += template.length;
    view.setInt32(at, 4);
    view.setInt32(at + 4, rows.rowNumbers[row] as number);
    view.setInt32(at + 8, 8);
    view.setFloat64(at + 12, scores.rawScores[row] as number);
    view.setInt32(at + 20, 8);
    view.setFloat64(at + 24, scores.risks[row] as number);
    view.setInt32(at + 32, 2);
    view.setInt16(at + 36, scores.tiers[row] as number);
    at += 38;
    const dueDate = rows.dueDates[row] as number;
    if (dueDate === NO_DATE) {
      view.setInt32(at, -1);
      at += 4;
    } else {
      view.setInt32(at, 4);
      view.setInt32(at + 4, dueDate - POSTGRES_EPOCH_DAYS);
      at += 8;
    }
    const idStart = offsets[row] as number;
    const idEnd = offsets[row + 1] as number;
    view.setInt32(at, idEnd - idStart);
    at += 4;
    for (let byte = idStart; byte < idEnd; byte++) out[at++] = idBytes[byte] as number;
    const facility = facilities[rows.facilities.indices[row] as number];
    if (facility === undefined) {
      view.setInt32(at, -1);
      at += 4;
    } else {
      view.setInt32(at, facility.length);
      at += 4;
      for (let byte = 0; byte < facility.length; byte++) out[at++] = facility[byte] as number;
    }
    if (reasons === undefined) {
      view.setInt32(at, -1);
      view.setInt32(at + 4, -1);
      view.setInt32(at + 8, -1);
      at += 12;
    } else {
      at = encodeReasons(view, at, reasons, rows.features, row);
    }
  }
  out.set(COPY_TRAILER, at);
  return out.subarray(0, at + COPY_TRAILER.length);
}

function encodeReasons(
  view: DataView,
  start: number,
  reasons: Reasons,
  columns: readonly Float64Array[],
  row: number,
): number {
  const { k, features, contributions } = reasons;
  const first = row * k;
  let count = 0;
  while (count < k && (features[first + count] as number) >= 0) count++;

  let at = arrayHeader(view, start, count, OID_INT2, count * 6);
  for (let reason = first; reason < first + count; reason++) {
    view.setInt32(at, 2);
    view.setInt16(at + 4, features[reason] as number);
    at += 6;
  }
  at = arrayHeader(view, at, count, OID_FLOAT4, count * 8);
  for (let reason = first; reason < first + count; reason++) {
    view.setInt32(at, 4);
    view.setFloat32(at + 4, contributions[reason] as number);
    at += 8;
  }
  const lengthAt = at;
  at = arrayHeader(view, at, count, OID_FLOAT8, 0);
  for (let reason = first; reason < first + count; reason++) {
    const value = (columns[features[reason] as number] as Float64Array)[row] as number;
    if (value === value) {
      view.setInt32(at, 8);
      view.setFloat64(at + 4, value);
      at += 12;
    } else {
      view.setInt32(lengthAt + 8, 1);
      view.setInt32(at, -1);
      at += 4;
    }
  }
  view.setInt32(lengthAt, at - lengthAt - 4);
  return at;
}

/** A one-dimensional array's length prefix and header; an empty array has no dimension. */
function arrayHeader(view: DataView, at: number, count: number, oid: number, elementBytes: number): number {
  const headerBytes = count === 0 ? EMPTY_ARRAY : ARRAY_HEADER;
  view.setInt32(at, headerBytes + elementBytes);
  view.setInt32(at + 4, count === 0 ? 0 : 1);
  view.setInt32(at + 8, 0);
  view.setInt32(at + 12, oid);
  if (count > 0) {
    view.setInt32(at + 16, count);
    view.setInt32(at + 20, 1);
  }
  return at + 4 + headerBytes;
}
