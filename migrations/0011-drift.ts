import { type Kysely, sql } from 'kysely';

/**
 * Drift against patients like a job's own (docs/adr/0024-drift-like-with-like.md): reference rows beside a model, counts by
 * facility over the window, and alarms that stand until a person has acknowledged them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
-- manifest.drift.reference, kept apart: every job reads the manifest, drift alone reads this.
ALTER TABLE models ADD COLUMN drift_reference jsonb;

-- Counts by facility: compressed JSON, shared/drift/facility-counts.ts.
ALTER TABLE chunk_histograms ADD COLUMN facilities bytea;

ALTER TABLE job_drift
  ADD COLUMN population jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN findings jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN estimated jsonb,
  ADD COLUMN sketch integer[] NOT NULL DEFAULT '{}',
  ADD COLUMN concentration double precision NOT NULL DEFAULT 1;

-- Float64 little-endian counts in the layout of shared/drift/binning.ts, one row a job and facility.
CREATE TABLE facility_drift (
  job_id uuid NOT NULL REFERENCES jobs,
  facility_id text NOT NULL,
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  population jsonb NOT NULL,
  row_count integer NOT NULL,
  counts bytea NOT NULL,
  sketch integer[] NOT NULL,
  finished_at timestamptz NOT NULL,
  PRIMARY KEY (job_id, facility_id)
);
CREATE INDEX facility_drift_recent ON facility_drift (tenant_id, model_id, facility_id, finished_at);
CREATE INDEX facility_drift_old ON facility_drift (finished_at);

-- facility_id '' is a whole job. counts are those of the latest job that raised it.
CREATE TABLE drift_alarms (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  facility_id text NOT NULL,
  subject text NOT NULL,
  population jsonb NOT NULL,
  finding jsonb NOT NULL,
  row_count integer NOT NULL,
  counts bytea NOT NULL,
  first_job_id uuid NOT NULL,
  last_job_id uuid NOT NULL,
  job_count integer NOT NULL DEFAULT 1,
  raised_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  acknowledged_at timestamptz,
  acknowledged_by text,
  reason text,
  is_expected boolean,
  CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL) AND (acknowledged_at IS NULL) = (is_expected IS NULL))
);
CREATE UNIQUE INDEX drift_alarms_open ON drift_alarms (tenant_id, model_id, facility_id, subject, population)
  WHERE acknowledged_at IS NULL;
CREATE INDEX drift_alarms_expected ON drift_alarms (tenant_id, model_id) WHERE is_expected;

GRANT SELECT, INSERT, DELETE ON facility_drift TO iit_worker;
GRANT UPDATE ON facility_drift TO iit_worker;
GRANT SELECT, INSERT ON drift_alarms TO iit_worker;
GRANT UPDATE (finding, row_count, counts, last_job_id, job_count, seen_at) ON drift_alarms TO iit_worker;
GRANT SELECT ON facility_drift, drift_alarms TO iit_api, iit_readonly;
GRANT UPDATE (acknowledged_at, acknowledged_by, reason, is_expected) ON drift_alarms TO iit_api;
`)
    .execute(db);
}
