import { type RawBuilder, sql } from 'kysely';
import type { Pool } from 'pg';
import type { Db } from '#shared/db/database.ts';
import type { Checkpoint } from '#shared/ledger/checkpoint.ts';
import type { AuditProblem } from './problem.ts';

export type AuditScope = {
  jobId?: string;
  /** By the time of recording, both ends included. */
  from?: Date;
  to?: Date;
};

export type VerifyOptions = {
  /** Kept outside the database, their signatures checked by the caller; the log must begin with each of them. */
  checkpoints?: readonly Checkpoint[];
  /** Score every stored input again. */
  rescore?: boolean;
};

export type Verification = {
  rows: number;
  /** Rows of which only their leaf is left. */
  erased: number;
  batches: number;
  events: number;
  /** Entries of the log. */
  entries: number;
  /** Checkpoints that the log was held against, the database's own and those from outside. */
  checkpoints: number;
  /** Batches and events that are in the log's queue: their own digests hold, no checkpoint covers them. */
  waiting: number;
  /** Batches of days that retention has dropped, as an event says. */
  expired: number;
  /** Batches and events of before rows had salts, from which a patient was erased, as an event says: nothing is left to hash. */
  unverifiable: number;
  /** In order of discovery: log, batches, rows, events; empty when everything is as it was written. */
  problems: AuditProblem[];
};

export type Database = { db: Db; pool: Pool };

/** Events that say what is rightly gone; the log holds them like all others. */
export const ERASE_ACTION = 'patient.erase';
export const EXPIRE_ACTION = 'retention.drop';

export const within = (scope: AuditScope, alias: string): RawBuilder<unknown> => sql`
  (${scope.jobId ?? null}::uuid IS NULL OR ${sql.ref(`${alias}.job_id`)} = ${scope.jobId ?? null}::uuid)
  AND ${recordedWithin(scope, alias)}`;

export const recordedWithin = (scope: AuditScope, alias: string): RawBuilder<unknown> => sql`
  (${scope.from ?? null}::timestamptz IS NULL OR ${sql.ref(`${alias}.recorded_at`)} >= ${scope.from ?? null}::timestamptz)
  AND (${scope.to ?? null}::timestamptz IS NULL OR ${sql.ref(`${alias}.recorded_at`)} <= ${scope.to ?? null}::timestamptz)`;

/** Retention keeps two years at least: an event that says that less is gone excuses nothing. */
const LEAST_KEPT_MS = 700 * 86_400_000;

/** What events say is rightly gone: days (YYYY-MM-DD), and references of batches and events that nothing is left to hash of. */
export type Gone = { days: ReadonlySet<string>; refs: ReadonlySet<string> };

export async function readGone(db: Db): Promise<Gone> {
  const { rows } = await sql<{ action: string; recordedAt: Date; gone: string[] }>`
    SELECT action, recorded_at AS "recordedAt", ARRAY(SELECT jsonb_array_elements_text(CASE WHEN jsonb_typeof(details -> 'gone') = 'array'
      THEN details -> 'gone' ELSE '[]' END)) AS gone
    FROM audit_events WHERE action IN (${ERASE_ACTION}, ${EXPIRE_ACTION}) AND outcome = 'success'`.execute(
    db,
  );
  const refs = rows.flatMap(({ action, gone }) => (action === ERASE_ACTION ? gone : []));
  const days = rows.flatMap(({ action, gone, recordedAt }) =>
    action === EXPIRE_ACTION
      ? gone.filter((day) => recordedAt.getTime() - Date.parse(day) > LEAST_KEPT_MS)
      : [],
  );
  return { days: new Set(days), refs: new Set(refs) };
}
