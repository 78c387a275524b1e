import { type Kysely, sql } from 'kysely';

/**
 * What the door understood of an upload, whom it refused, and the digest that an idempotency key is held against.
 *
 * `jobs.input` is the api's description of the file (shared/jobs/job-input.ts); `rejections_by_code` counts all refused
 * rows, also those beyond the cap of stored ones.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
ALTER TABLE jobs
  ADD COLUMN input jsonb,
  ADD COLUMN body_sha256 bytea CHECK (length(body_sha256) = 32),
  ADD COLUMN rows_joined bigint NOT NULL DEFAULT 0,
  ADD COLUMN rejections_by_code jsonb NOT NULL DEFAULT '{}';

ALTER TABLE rejections
  ADD COLUMN sheet text,
  ADD COLUMN patient_id text,
  ADD COLUMN facility_id text,
  ADD COLUMN due_date date;
`)
    .execute(db);
}
