import { type Kysely, sql } from 'kysely';

/**
 * Who stands for a model's use, and on what terms: activations with reason, approver and expiry, trials with a rule,
 * thresholds by version, tiers that a person has overridden, and the equity report of each quarter. Rows are added and a
 * decision is written once; nothing is changed afterwards.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
-- is_silent: scored and kept, and on no call list.
ALTER TABLE model_activations
  ADD COLUMN reason text,
  ADD COLUMN approver text,
  ADD COLUMN expires_on date,
  ADD COLUMN is_silent boolean NOT NULL DEFAULT false;

CREATE TABLE model_trials (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  rule jsonb NOT NULL,
  reason text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  started_by text NOT NULL,
  ends_on date NOT NULL,
  decision text CHECK (decision IN ('go','no_go')),
  decided_at timestamptz,
  decided_by text,
  approver text,
  decision_reason text,
  findings jsonb,
  CHECK ((decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (approver IS NULL))
);
CREATE UNIQUE INDEX model_trials_open ON model_trials (tenant_id, model_id) WHERE decision IS NULL;

CREATE TABLE threshold_sets (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  version integer NOT NULL,
  tiers jsonb NOT NULL,
  reason text NOT NULL,
  approver text NOT NULL,
  review_on date NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  UNIQUE (tenant_id, model_id, version)
);

-- The thresholds that a job was accepted under; a job without a row has those of its model's manifest.
CREATE TABLE job_thresholds (
  job_id uuid PRIMARY KEY REFERENCES jobs,
  threshold_set_id integer NOT NULL REFERENCES threshold_sets
);

CREATE TABLE tier_overrides (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  tenant_id smallint NOT NULL REFERENCES tenants,
  job_id uuid NOT NULL,
  row_no integer NOT NULL,
  patient_id text NOT NULL,
  scored_tier smallint NOT NULL,
  tier smallint NOT NULL CHECK (tier BETWEEN 0 AND 2),
  reason text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  recorded_by text NOT NULL
);
CREATE INDEX tier_overrides_by_row ON tier_overrides (job_id, row_no, id DESC);
CREATE INDEX tier_overrides_by_patient ON tier_overrides (patient_id);

CREATE TABLE equity_reports (
  tenant_id smallint NOT NULL REFERENCES tenants,
  model_id integer NOT NULL REFERENCES models,
  quarter text NOT NULL CHECK (quarter ~ '^[0-9]{4}-Q[1-4]$'),
  report jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, model_id, quarter)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['threshold_sets','job_thresholds','equity_reports'] LOOP
    EXECUTE format('CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT ON model_trials, threshold_sets, job_thresholds, tier_overrides TO iit_api;
GRANT UPDATE (decision, decided_at, decided_by, approver, decision_reason, findings) ON model_trials TO iit_api;
GRANT SELECT ON equity_reports TO iit_api;
GRANT SELECT ON threshold_sets, job_thresholds TO iit_worker;
GRANT SELECT, INSERT ON equity_reports TO iit_worker;
GRANT SELECT ON model_trials, threshold_sets, job_thresholds, tier_overrides, equity_reports TO iit_readonly;
`)
    .execute(db);
}
