import { z } from 'zod';
import { csvCell } from '#api/results/csv-cell.ts';
import type { Db } from '#shared/db/database.ts';

export const rejectionSchema = z
  .object({
    row: z.int().positive().meta({ description: 'Record number in the upload' }),
    line: z.int().positive().meta({ description: 'Line of the file, or row of the sheet' }),
    sheet: z.string().nullable().meta({ description: 'Of a workbook' }),
    field: z.string().nullable(),
    code: z.string(),
    message: z.string(),
    patient_id: z.string().nullable().meta({ description: 'Who it is, as far as the record could be read' }),
    facility_id: z.string().nullable(),
    due_date: z.iso.date().nullable(),
  })
  .meta({ id: 'Rejection' });

export type Rejection = z.infer<typeof rejectionSchema>;

const PAGE_ROWS = 5_000;
const COLUMNS = Object.keys(rejectionSchema.shape) as (keyof Rejection)[];

/** The next `limit` rejections after the record `afterRow`. */
export async function readRejections(
  db: Db,
  jobId: string,
  afterRow: number,
  limit: number,
): Promise<Rejection[]> {
  return await db
    .selectFrom('rejections')
    .select(['row_no as row', 'line', 'sheet', 'field', 'code', 'message'])
    .select(['patient_id', 'facility_id', 'due_date'])
    .where('job_id', '=', jobId)
    .where('row_no', '>', afterRow)
    .orderBy('row_no')
    .limit(limit)
    .execute();
}

/** All rejections, page after page: slow readers hold no connection. */
export async function* allRejections(
  db: Db,
  jobId: string,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Rejection[]> {
  let afterRow = 0;
  let left = limit;
  while (left > 0 && !signal.aborted) {
    const asked = Math.min(PAGE_ROWS, left);
    const page = await readRejections(db, jobId, afterRow, asked);
    if (page.length > 0) yield page;
    if (page.length < asked) return;
    afterRow = page.at(-1)?.row ?? 0;
    left -= page.length;
  }
}

/** All rejections as text. */
export async function* streamRejections(
  pages: AsyncIterable<Rejection[]>,
  format: 'ndjson' | 'csv',
): AsyncGenerator<Uint8Array> {
  if (format === 'csv') yield Buffer.from(`${COLUMNS.join(',')}\r\n`);
  for await (const page of pages) {
    const lines = page.map((rejection) =>
      format === 'ndjson'
        ? `${JSON.stringify(rejection)}\n`
        : `${COLUMNS.map((column) => csvCell(String(rejection[column] ?? ''))).join(',')}\r\n`,
    );
    yield Buffer.from(lines.join(''));
  }
}
