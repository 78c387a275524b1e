import type { Pool } from 'pg';
import { writeXlsxStream } from 'hucre/xlsx';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { csvCell } from '#api/results/csv-cell.ts';
import { allRejections } from '#api/routes/job-rejections/rejections.ts';
import { decodeChunk, NO_DATE } from '#shared/chunks/payload.ts';
import { readPayload } from '#shared/chunks/read-payload.ts';
import type { Db } from '#shared/db/database.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';

/** Somebody in the file who got no risk, and why. */
export type NotPredicted = {
  patient_id: string | null;
  facility_id: string | null;
  due_date: string | null;
  code: string;
  reason: string;
  sheet: string | null;
  row: number;
  /** Null for a row that was read well and could not be scored. */
  line: number | null;
};

export const NOT_PREDICTED_COLUMNS = [
  'patient_id',
  'facility_id',
  'due_date',
  'code',
  'reason',
  'sheet',
  'row',
  'line',
] as const satisfies readonly (keyof NotPredicted)[];
const WIDTHS = [24, 18, 12, 24, 60, 16, 8, 8];

/** Everybody without a risk: first who was refused, in the file's order, then rows of chunks that were given up. */
export async function* notPredicted(
  deps: { db: Db; pool: Pool },
  jobId: string,
  signal: AbortSignal,
): AsyncGenerator<NotPredicted[]> {
  for await (const page of allRejections(deps.db, jobId, Infinity, signal)) {
    yield page.map(({ message, ...rejection }) => ({ ...rejection, reason: message }));
  }
  const left = await deps.db
    .selectFrom('chunks')
    .select(['chunk_no', 'state', 'error_message'])
    .where('job_id', '=', jobId)
    .where('state', 'in', ['quarantined', 'cancelled'])
    .orderBy('chunk_no')
    .execute();
  for (const chunk of left) {
    if (signal.aborted) return;
    const { payload, sha256 } = await readPayload(deps.pool, { jobId, chunkNo: chunk.chunk_no });
    const rows = await decodeChunk(Buffer.from(payload), Buffer.from(sha256));
    const { offsets, bytes } = rows.patientIds;
    yield Array.from({ length: rows.rowCount }, (_, row) => ({
      patient_id: Buffer.from(bytes.subarray(offsets[row], offsets[row + 1])).toString(),
      facility_id: rows.facilities.names[rows.facilities.indices[row]!] ?? null,
      due_date: rows.dueDates[row] === NO_DATE ? null : isoDateOf(rows.dueDates[row]!),
      code: chunk.state === 'cancelled' ? 'job_cancelled' : 'not_scored',
      reason:
        chunk.state === 'cancelled'
          ? 'The job was cancelled before this row was scored.'
          : 'The row was read and could not be scored; the job can be retried.',
      sheet: null,
      row: rows.rowNumbers[row]!,
      line: null,
    }));
  }
}

export async function* notPredictedCsv(pages: AsyncIterable<NotPredicted[]>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${NOT_PREDICTED_COLUMNS.join(',')}\r\n`);
  for await (const page of pages) {
    const lines = page.map(
      (person) =>
        `${NOT_PREDICTED_COLUMNS.map((column) => csvCell(String(person[column] ?? ''))).join(',')}\r\n`,
    );
    yield Buffer.from(lines.join(''));
  }
}

/** A workbook of one sheet: the notice on top, heads below it and held in view. Texts are texts: no cell is a formula. */
export function notPredictedXlsx(pages: AsyncIterable<NotPredicted[]>): ReadableStream<Uint8Array> {
  async function* sheet() {
    yield [NOT_A_DIAGNOSIS];
    yield [...NOT_PREDICTED_COLUMNS];
    for await (const page of pages)
      for (const person of page) yield NOT_PREDICTED_COLUMNS.map((column) => person[column]);
  }
  return writeXlsxStream(sheet(), {
    name: 'Not predicted',
    columns: WIDTHS.map((width) => ({ width })),
    freezePane: { rows: 2 },
  });
}
