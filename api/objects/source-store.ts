import { sql } from 'kysely';
import { z } from 'zod';
import { inputQuery } from '#api/ingest/input-query.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ObjectInfo } from './object-store.ts';

/** What the caller says of the objects: the options of an upload. */
export const sourceOptions = z.strictObject(inputQuery);
export type SourceOptions = z.output<typeof sourceOptions>;

/** A source that this process reads, for as long as its lease is kept. */
export type TakenSource = {
  jobId: string;
  tenantId: number;
  epoch: number;
  attempts: number;
  modelVersion: string;
  options: Record<string, unknown>;
};

export type SourceObject = ObjectInfo & { objectNo: number };

/** Somebody else goes on with what this process had taken. */
export class LostLeaseError extends Error {
  override readonly name = 'LostLeaseError';
}

const LEASE_SECONDS = 30;

export async function insertSource(
  trx: Db,
  source: { jobId: string; tenantId: number; uri: string; options: Record<string, unknown> },
  objects: readonly ObjectInfo[],
): Promise<void> {
  const { jobId, tenantId, uri, options } = source;
  await trx
    .insertInto('job_sources')
    .values({ job_id: jobId, tenant_id: tenantId, uri, options: JSON.stringify(options) })
    .execute();
  await sql`INSERT INTO job_objects (job_id, object_no, bucket, key, etag, byte_count)
    SELECT ${jobId}, o.no - 1, o.bucket, o.key, o.etag, o.byte_count FROM unnest(
      ${objects.map(({ bucket }) => bucket)}::text[], ${objects.map(({ key }) => key)}::text[],
      ${objects.map(({ etag }) => etag)}::text[], ${objects.map(({ byteCount }) => byteCount)}::bigint[])
      WITH ORDINALITY o (bucket, key, etag, byte_count, no)`.execute(trx);
}

/** The source that has waited longest; a new epoch shuts out whoever had it before. Undefined where there is none. */
export async function takeSource(db: Db): Promise<TakenSource | undefined> {
  const { rows } = await sql<TakenSource>`
    WITH due AS (
      SELECT job_id FROM job_sources WHERE state = 'reading' AND next_at <= clock_timestamp()
      ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE job_sources s SET epoch = s.epoch + 1, attempts = s.attempts + 1,
      next_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    FROM due, jobs j, models m WHERE s.job_id = due.job_id AND j.id = s.job_id AND m.id = j.model_id
    RETURNING s.job_id AS "jobId", s.tenant_id AS "tenantId", s.epoch, s.attempts, m.version AS "modelVersion",
      s.options`.execute(db);
  return rows[0];
}

/** Throws `LostLeaseError`. Within a transaction it also holds everybody else off until its end. */
export async function keepSource(db: Db, { jobId, epoch }: TakenSource): Promise<void> {
  const { rows } = await sql`
    UPDATE job_sources SET next_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    WHERE job_id = ${jobId} AND epoch = ${epoch} AND state = 'reading' RETURNING 1`.execute(db);
  if (rows.length === 0) throw new LostLeaseError();
}

/** An object was read: what failed before counts no more. */
export async function noteProgress(
  trx: Db,
  source: TakenSource,
  objectNo: number,
  rows: { first: number; count: number },
) {
  await keepSource(trx, source);
  await trx.updateTable('job_sources').set({ attempts: 1 }).where('job_id', '=', source.jobId).execute();
  const noted = await trx
    .updateTable('job_objects')
    .set({ state: 'read', first_row: rows.first, row_count: rows.count })
    .where('job_id', '=', source.jobId)
    .where('object_no', '=', objectNo)
    .where('state', '=', 'pending')
    .executeTakeFirst();
  if (noted.numUpdatedRows === 0n) throw new ServiceError('internal', 'An object was read twice.');
}

export async function endSource(
  trx: Db,
  { jobId, epoch }: TakenSource,
  state: 'read' | 'failed',
): Promise<void> {
  const ended = await trx
    .updateTable('job_sources')
    .set({ state })
    .where('job_id', '=', jobId)
    .where('epoch', '=', epoch)
    .where('state', '=', 'reading')
    .executeTakeFirst();
  if (ended.numUpdatedRows === 0n) throw new LostLeaseError();
}

/** Gives the source back, to be taken after so many seconds; `uncounted`: no fault of the source's. */
export async function giveBack(
  db: Db,
  { jobId, epoch }: TakenSource,
  options: { afterSeconds: number; uncounted: boolean },
): Promise<void> {
  await sql`UPDATE job_sources SET next_at = clock_timestamp() + make_interval(secs => ${options.afterSeconds}),
      attempts = greatest(0, attempts - ${options.uncounted ? 1 : 0})
    WHERE job_id = ${jobId} AND epoch = ${epoch} AND state = 'reading'`.execute(db);
}

export async function objectsOf(
  db: Db,
  jobId: string,
): Promise<(SourceObject & { rowCount: number | null })[]> {
  return await db
    .selectFrom('job_objects')
    .select([
      'object_no as objectNo',
      'bucket',
      'key',
      'etag',
      'byte_count as byteCount',
      'row_count as rowCount',
    ])
    .where('job_id', '=', jobId)
    .orderBy('object_no')
    .execute();
}
