import { type Kysely, sql } from 'kysely';

/**
 * What a programme needs beyond the score: challengers in shadow, drift, and outcomes as they become known.
 *
 * A shadow scores the chunks of jobs that were accepted while it was open: `shadow_chunks` tells which are done,
 * so that a worker's death costs a repetition and never a second copy. `shadow_predictions` keeps the champion's
 * risk beside the challenger's: a report reads one table.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
CREATE TABLE model_shadows (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  started_at timestamptz NOT NULL DEFAULT now(),
  started_by text NOT NULL,
  stopped_at timestamptz,
  stopped_by text
);
CREATE UNIQUE INDEX model_shadows_open ON model_shadows (tenant_id) WHERE stopped_at IS NULL;
CREATE INDEX model_shadows_latest ON model_shadows (model_id, tenant_id, id DESC);

CREATE TABLE shadow_chunks (
  shadow_id integer NOT NULL REFERENCES model_shadows,
  job_id uuid NOT NULL REFERENCES jobs,
  chunk_no integer NOT NULL,
  row_count integer NOT NULL,
  error_code text,
  scored_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (shadow_id, job_id, chunk_no)
);

CREATE TABLE shadow_predictions (
  shadow_id integer NOT NULL,
  job_id uuid NOT NULL,
  row_no integer NOT NULL,
  champion_risk double precision NOT NULL,
  champion_tier smallint NOT NULL,
  raw_score double precision NOT NULL,
  risk double precision NOT NULL,
  tier smallint NOT NULL,
  PRIMARY KEY (shadow_id, job_id, row_no)
);

-- Int32 little-endian counts in the layout of shared/drift/binning.ts, one row a chunk that was scored.
CREATE TABLE chunk_histograms (
  job_id uuid NOT NULL REFERENCES jobs,
  chunk_no integer NOT NULL,
  counts bytea NOT NULL,
  PRIMARY KEY (job_id, chunk_no)
);
ALTER TABLE chunk_histograms ALTER COLUMN counts SET STORAGE EXTERNAL;

CREATE TABLE job_drift (
  job_id uuid PRIMARY KEY REFERENCES jobs,
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  row_count bigint NOT NULL,
  counts bytea NOT NULL,
  score_psi double precision NOT NULL,
  feature_psi jsonb NOT NULL,
  drifted text[] NOT NULL,
  finished_at timestamptz NOT NULL,
  measured_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_drift_recent ON job_drift (model_id, tenant_id, finished_at DESC);
-- Finished jobs without a measurement are looked for every few seconds.
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE status IN ('completed','partial');

CREATE TABLE outcomes (
  tenant_id smallint NOT NULL REFERENCES tenants,
  job_id uuid NOT NULL,
  row_no integer NOT NULL,
  model_id integer NOT NULL REFERENCES models,
  patient_id text NOT NULL,
  scored_on date NOT NULL,
  risk double precision NOT NULL,
  interrupted boolean NOT NULL,
  known_on date NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  recorded_by text NOT NULL,
  PRIMARY KEY (job_id, row_no)
);
CREATE INDEX outcomes_by_model ON outcomes (model_id, tenant_id, scored_on);

GRANT SELECT, INSERT ON model_shadows, outcomes TO iit_api;
GRANT UPDATE (stopped_at, stopped_by) ON model_shadows TO iit_api;
GRANT UPDATE (interrupted, known_on, recorded_at, recorded_by) ON outcomes TO iit_api;
GRANT SELECT ON shadow_chunks, shadow_predictions, chunk_histograms, job_drift TO iit_api;

GRANT SELECT ON model_shadows, outcomes TO iit_worker;
GRANT SELECT, INSERT ON shadow_chunks, shadow_predictions, chunk_histograms, job_drift TO iit_worker;
GRANT DELETE ON shadow_chunks, shadow_predictions, chunk_histograms TO iit_worker;
GRANT UPDATE ON job_drift TO iit_worker;

GRANT SELECT ON model_shadows, shadow_chunks, shadow_predictions, chunk_histograms, job_drift, outcomes TO iit_readonly;
`)
    .execute(db);
}
