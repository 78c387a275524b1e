import { type Selectable, sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { Database } from '#shared/db/schema.ts';

/** A job with its model, as every answer about it needs it. */
export type JobRow = Omit<
  Selectable<Database['jobs']>,
  'idempotency_key' | 'request_fingerprint' | 'body_sha256'
> & {
  model_version: string;
  model_sha256: Buffer;
  /** PostgreSQL's clock when the row was read. */
  read_at: Date;
};

const COLUMNS = [
  'id',
  'tenant_id',
  'period',
  'name',
  'status',
  'priority',
  'explain',
  'model_id',
  'api_key_id',
  'actor',
  'content_type',
  'ignored_columns',
  'absent_features',
  'rows_received',
  'rows_accepted',
  'rows_rejected',
  'rows_joined',
  'rejections_by_code',
  'input',
  'rows_scored',
  'indexed_rows',
  'rows_quarantined',
  'rows_cancelled',
  'duplicate_patients',
  'chunks_total',
  'chunks_done',
  'chunks_quarantined',
  'chunks_cancelled',
  'tier_low',
  'tier_medium',
  'tier_high',
  'error_code',
  'error_message',
  'revision',
  'heartbeat_at',
  'started_at',
  'received_at',
  'finished_at',
] as const;

/** Jobs with their models; the caller narrows it, by tenant first of all. */
export function selectJobs(db: Db) {
  return db
    .selectFrom('jobs')
    .innerJoin('models', 'models.id', 'jobs.model_id')
    .select(COLUMNS.map((column) => `jobs.${column}` as const))
    .select(['jobs.created_at', 'models.version as model_version', 'models.sha256 as model_sha256'])
    .select(sql<Date>`clock_timestamp()`.as('read_at'));
}
