import { type Kysely, sql } from 'kysely';

/**
 * Webhooks: endpoints of tenants, events, and one delivery for each endpoint that wants an event. Triggers write them in the
 * transaction of what they tell, whoever ends a job or changes a model; where nobody wants an event nothing is written.
 * See docs/adr/0031-webhooks-by-an-outbox.md.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(db);
  await sql.raw(TRIGGERS).execute(db);
  await sql.raw(GRANTS).execute(db);
}

const TABLES = `
CREATE TABLE webhook_endpoints (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id smallint NOT NULL REFERENCES tenants,
  url text NOT NULL CHECK (length(url) <= 2000),
  description text NOT NULL,
  events text[] NOT NULL CHECK (cardinality(events) > 0),
  form text NOT NULL CHECK (form IN ('standard','cloudevents')),
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  disabled_at timestamptz,
  disabled_reason text
);
CREATE INDEX webhook_endpoints_of_tenant ON webhook_endpoints (tenant_id, created_at);

CREATE TABLE webhook_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id smallint REFERENCES tenants,
  type text NOT NULL,
  subject text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  data jsonb NOT NULL
);
CREATE INDEX webhook_events_by_age ON webhook_events (occurred_at);

CREATE TABLE webhook_deliveries (
  event_id uuid NOT NULL REFERENCES webhook_events ON DELETE CASCADE,
  endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','delivered','dead')),
  attempts smallint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_attempt_at timestamptz,
  last_status smallint,
  last_error text,
  PRIMARY KEY (event_id, endpoint_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (endpoint_id) WHERE state = 'dead';
`;

const TRIGGERS = `
-- A tenant of NULL: everybody's. What a restore puts back has been told already. Endpoints are locked against removal, so that one that goes at this moment costs nobody a job.
CREATE FUNCTION emit_event(of_tenant smallint, event_type text, event_subject text, event_data jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made uuid;
BEGIN
  IF current_setting('iit.restoring', true) = 'yes' THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM webhook_endpoints e WHERE (of_tenant IS NULL OR e.tenant_id = of_tenant)
    AND event_type = ANY (e.events) AND e.disabled_at IS NULL) THEN
    RETURN;
  END IF;
  INSERT INTO webhook_events (tenant_id, type, subject, data)
    VALUES (of_tenant, event_type, event_subject, event_data) RETURNING id INTO made;
  INSERT INTO webhook_deliveries (event_id, endpoint_id)
    SELECT made, e.id FROM webhook_endpoints e WHERE (of_tenant IS NULL OR e.tenant_id = of_tenant)
      AND event_type = ANY (e.events) AND e.disabled_at IS NULL FOR KEY SHARE;
END $$;
REVOKE ALL ON FUNCTION emit_event(smallint, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION tell_job_ended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM emit_event(NEW.tenant_id, 'job.ended', 'job/' || NEW.id, jsonb_build_object(
    'id', NEW.id, 'name', NEW.name, 'status', NEW.status,
    'model', (SELECT version FROM models WHERE id = NEW.model_id),
    'rows', jsonb_build_object('received', NEW.rows_received, 'accepted', NEW.rows_accepted, 'rejected', NEW.rows_rejected,
      'scored', NEW.rows_scored, 'quarantined', NEW.rows_quarantined, 'cancelled', NEW.rows_cancelled),
    'tiers', jsonb_build_object('low', NEW.tier_low, 'medium', NEW.tier_medium, 'high', NEW.tier_high),
    'error_code', NEW.error_code, 'created_at', NEW.created_at, 'finished_at', NEW.finished_at));
  RETURN NULL;
END $$;
CREATE TRIGGER job_ended AFTER UPDATE OF status ON jobs FOR EACH ROW
  WHEN (NEW.status IN ('completed','partial','failed','cancelled','aborted') AND OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION tell_job_ended();

CREATE FUNCTION tell_model_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM emit_event(NEW.tenant_id, 'model.changed', 'model/' || m.version, jsonb_build_object(
    'version', m.version, 'sha256', encode(m.sha256, 'hex'), 'activated_at', NEW.activated_at, 'activated_by', NEW.activated_by,
    'before', (SELECT b.version FROM model_activations a JOIN models b ON b.id = a.model_id
      WHERE a.tenant_id = NEW.tenant_id AND a.id < NEW.id ORDER BY a.id DESC LIMIT 1)))
  FROM models m WHERE m.id = NEW.model_id;
  RETURN NULL;
END $$;
CREATE TRIGGER model_changed AFTER INSERT ON model_activations FOR EACH ROW EXECUTE FUNCTION tell_model_changed();

CREATE FUNCTION tell_drift() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM emit_event(NEW.tenant_id, 'drift.found', 'job/' || NEW.job_id, jsonb_build_object(
    'job_id', NEW.job_id, 'model', (SELECT version FROM models WHERE id = NEW.model_id), 'rows', NEW.row_count,
    'score_psi', NEW.score_psi, 'drifted', to_jsonb(NEW.drifted)));
  RETURN NULL;
END $$;
CREATE TRIGGER drift_found AFTER INSERT ON job_drift FOR EACH ROW
  WHEN (cardinality(NEW.drifted) > 0) EXECUTE FUNCTION tell_drift();
CREATE TRIGGER drift_found_anew AFTER UPDATE ON job_drift FOR EACH ROW
  WHEN (cardinality(NEW.drifted) > 0 AND OLD.finished_at IS DISTINCT FROM NEW.finished_at) EXECUTE FUNCTION tell_drift();

CREATE FUNCTION tell_checkpoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM emit_event(NULL, 'log.checkpoint', 'log/' || NEW.origin, jsonb_build_object(
    'origin', NEW.origin, 'tree_size', NEW.tree_size, 'root', encode(NEW.root, 'hex'), 'note', NEW.note));
  RETURN NULL;
END $$;
CREATE TRIGGER checkpoint_signed AFTER INSERT ON log_checkpoints FOR EACH ROW EXECUTE FUNCTION tell_checkpoint();
`;

const GRANTS = `
GRANT SELECT, INSERT, DELETE ON webhook_endpoints TO iit_api;
GRANT UPDATE (secret, previous_secret, previous_until, disabled_at, disabled_reason) ON webhook_endpoints TO iit_api;
GRANT SELECT, INSERT, DELETE ON webhook_events TO iit_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO iit_api;
GRANT SELECT ON webhook_events, webhook_deliveries TO iit_readonly;
GRANT SELECT (id, tenant_id, url, description, events, form, created_at, created_by, disabled_at, disabled_reason)
  ON webhook_endpoints TO iit_readonly;
`;
