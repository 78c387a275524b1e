import { type Kysely, sql } from 'kysely';

/**
 * Schedules and their runs. A run is one occurrence: its primary key lets it be once, whatever process looks first. What was missed or
 * failed is told by a webhook, in the transaction that notes it. See docs/adr/0033-schedules-in-postgresql.md.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
CREATE TABLE schedules (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id smallint NOT NULL REFERENCES tenants,
  name text NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  query jsonb NOT NULL,
  document jsonb NOT NULL,
  overlap text NOT NULL CHECK (overlap IN ('skip','wait','allow')),
  catch_up text NOT NULL CHECK (catch_up IN ('none','latest')),
  deadline_minutes integer NOT NULL CHECK (deadline_minutes BETWEEN 1 AND 1440),
  api_key_id uuid NOT NULL REFERENCES api_keys,
  actor text NOT NULL,
  next_at timestamptz NOT NULL,
  paused_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, name)
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE paused_at IS NULL;

CREATE TABLE schedule_runs (
  schedule_id uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
  due_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'starting' CHECK (state IN ('starting','started','skipped','missed','failed')),
  job_id uuid REFERENCES jobs ON DELETE SET NULL,
  attempts smallint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error text,
  PRIMARY KEY (schedule_id, due_at)
);
CREATE INDEX schedule_runs_starting ON schedule_runs (next_at) WHERE state = 'starting';

CREATE FUNCTION tell_schedule() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM emit_event(s.tenant_id, 'schedule.missed', 'schedule/' || s.name, jsonb_build_object(
    'schedule', s.name, 'due_at', NEW.due_at, 'state', NEW.state, 'error', NEW.error))
  FROM schedules s WHERE s.id = NEW.schedule_id;
  RETURN NULL;
END $$;
CREATE TRIGGER schedule_missed AFTER INSERT ON schedule_runs FOR EACH ROW
  WHEN (NEW.state IN ('missed','failed')) EXECUTE FUNCTION tell_schedule();
CREATE TRIGGER schedule_missed_later AFTER UPDATE OF state ON schedule_runs FOR EACH ROW
  WHEN (NEW.state IN ('missed','failed') AND OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION tell_schedule();

GRANT SELECT, INSERT, DELETE ON schedules, schedule_runs TO iit_api;
GRANT UPDATE (cron, time_zone, query, document, overlap, catch_up, deadline_minutes, api_key_id, actor, next_at, paused_at)
  ON schedules TO iit_api;
GRANT UPDATE (state, job_id, attempts, next_at, error) ON schedule_runs TO iit_api;
GRANT SELECT ON schedules, schedule_runs TO iit_readonly;
`)
    .execute(db);
}
