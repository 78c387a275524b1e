import { type Kysely, sql } from 'kysely';

/**
 * Jobs from and to object storage: what is to be read (a source's objects, pinned by their ETags, each a unit that is read whole or not
 * at all) and what is written (parts, each once). Leases are on PostgreSQL's clock. See docs/adr/0032-objects-read-by-the-api.md.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
CREATE TABLE job_sources (
  job_id uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
  tenant_id smallint NOT NULL REFERENCES tenants,
  uri text NOT NULL,
  options jsonb NOT NULL,
  state text NOT NULL DEFAULT 'reading' CHECK (state IN ('reading','read','failed')),
  epoch integer NOT NULL DEFAULT 0,
  attempts smallint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_sources_open ON job_sources (next_at) WHERE state = 'reading';

CREATE TABLE job_objects (
  job_id uuid NOT NULL REFERENCES job_sources ON DELETE CASCADE,
  object_no integer NOT NULL,
  bucket text NOT NULL,
  key text NOT NULL,
  etag text NOT NULL,
  byte_count bigint NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','read')),
  first_row integer,
  row_count integer,
  PRIMARY KEY (job_id, object_no)
);

CREATE TABLE job_outputs (
  job_id uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
  tenant_id smallint NOT NULL REFERENCES tenants,
  uri text NOT NULL,
  format text NOT NULL CHECK (format IN ('parquet','csv','ndjson')),
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','written','failed')),
  epoch integer NOT NULL DEFAULT 0,
  attempts smallint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error text
);
CREATE INDEX job_outputs_open ON job_outputs (next_at) WHERE state = 'waiting';

CREATE TABLE job_parts (
  job_id uuid NOT NULL REFERENCES job_outputs ON DELETE CASCADE,
  part_no integer NOT NULL,
  key text NOT NULL,
  row_count integer NOT NULL,
  byte_count bigint NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  last_row integer NOT NULL,
  PRIMARY KEY (job_id, part_no)
);

GRANT SELECT, INSERT ON job_sources, job_objects, job_outputs, job_parts TO iit_api;
GRANT UPDATE (state, epoch, attempts, next_at) ON job_sources TO iit_api;
GRANT UPDATE (state, first_row, row_count) ON job_objects TO iit_api;
GRANT UPDATE (state, epoch, attempts, next_at, error) ON job_outputs TO iit_api;
-- The sweeper aborts no job whose objects are still to be read.
GRANT SELECT ON job_sources TO iit_worker;
GRANT SELECT ON job_sources, job_objects, job_outputs, job_parts TO iit_readonly;
`)
    .execute(db);
}
