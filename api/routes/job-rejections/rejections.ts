import { z } from 'zod';
import { csvCell } from '#api/results/csv-cell.ts';
import type { Db } from '#shared/db/database.ts';

export const rejectionSchema = z
  .object({
    row: z.int().positive().meta({ description: 'Record number in the upload' }),
    line: z.int().positive().meta({ description: 'Line of the decompressed body' }),
    field: z.string().nullable(),
    code: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Rejection' });

export type Rejection = z.infer<typeof rejectionSchema>;

const PAGE_ROWS = 5_000;

/** The next `limit` rejections after the record `afterRow`. */
export async function readRejections(
  db: Db,
  jobId: string,
  afterRow: number,
  limit: number,
): Promise<Rejection[]> {
  return await db
    .selectFrom('rejections')
    .select(['row_no as row', 'line', 'field', 'code', 'message'])
    .where('job_id', '=', jobId)
    .where('row_no', '>', afterRow)
    .orderBy('row_no')
    .limit(limit)
    .execute();
}

/** All rejections as text, page after page: slow readers hold no connection. */
export async function* streamRejections(
  db: Db,
  jobId: string,
  format: 'ndjson' | 'csv',
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const line =
    format === 'ndjson'
      ? (rejection: Rejection) => `${JSON.stringify(rejection)}\n`
      : ({ row, line, field, code, message }: Rejection) =>
          `${row},${line},${csvCell(field ?? '')},${code},${csvCell(message)}\r\n`;
  if (format === 'csv') yield Buffer.from('row,line,field,code,message\r\n');
  let afterRow = 0;
  let left = limit;
  while (left > 0 && !signal.aborted) {
    const asked = Math.min(PAGE_ROWS, left);
    const page = await readRejections(db, jobId, afterRow, asked);
    if (page.length > 0) yield Buffer.from(page.map(line).join(''));
    if (page.length < asked) return;
    afterRow = page.at(-1)?.row ?? 0;
    left -= page.length;
  }
}
