import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/**
 * Sheds load: refuses a cohort while more chunks are open than the workers clear in reasonable time. Throws
 * `overloaded`. The count is cut off at the limit and rides on the index of open chunks.
 */
export async function refuseWhenBehind(db: Db, maxOpenChunks: number): Promise<void> {
  const { rows } = await sql<{ open: number }>`
    SELECT count(*)::int AS open FROM (
      SELECT 1 FROM chunks WHERE state IN ('pending', 'leased') LIMIT ${maxOpenChunks + 1}
    ) AS backlog`.execute(db);
  if ((rows[0]?.open ?? 0) > maxOpenChunks) {
    throw new ServiceError('overloaded', 'The workers are behind; send the cohort later.', {
      retryable: true,
      retryAfterSeconds: 60,
    });
  }
}
