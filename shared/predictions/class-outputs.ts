import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';

/** A row's classes with their probabilities, in the model's order. */
export type ClassOutputs = ReadonlyMap<number, readonly number[]>;

/** Of the rows of one job with these numbers; empty where its model has no classes. */
export async function readClassOutputs(
  db: Db,
  jobId: string,
  rowNos: readonly number[],
  classCount: number,
): Promise<ClassOutputs> {
  if (rowNos.length === 0) return new Map();
  const { rows } = await sql<{ row_no: number; outputs: number[] }>`
    SELECT c.row_nos[place] AS row_no, c.outputs[(place - 1) * ${classCount}::int + 1 : place * ${classCount}::int] AS outputs
    FROM unnest(${[...rowNos]}::int[]) AS asked (no)
    JOIN chunk_outputs c ON c.job_id = ${jobId} AND asked.no BETWEEN c.first_row AND c.last_row
    CROSS JOIN LATERAL (SELECT array_position(c.row_nos, asked.no) AS place) at
    WHERE place IS NOT NULL`.execute(db);
  return new Map(rows.map(({ row_no: row, outputs }) => [row, outputs]));
}

/** Place of the likeliest. */
export function likeliest(outputs: ArrayLike<number>, from = 0, count: number = outputs.length): number {
  let best = 0;
  for (let at = 1; at < count; at++) if (outputs[from + at]! > outputs[from + best]!) best = at;
  return best;
}
