import { type Kysely, sql } from 'kysely';

/** When the last good backup was taken, and where it lies: written by the backup itself, exported on /metrics. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
CREATE TABLE backups (
  name text PRIMARY KEY,
  uri text NOT NULL,
  started_at timestamptz NOT NULL,
  taken_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  row_count bigint NOT NULL,
  byte_count bigint NOT NULL
);
CREATE INDEX backups_latest ON backups (taken_at DESC);
GRANT SELECT ON backups TO iit_api, iit_worker, iit_readonly;
`)
    .execute(db);
}
