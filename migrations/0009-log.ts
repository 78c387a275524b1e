import { type Kysely, sql } from 'kysely';

/**
 * A Merkle log over chunks, online runs and events in their order, with signed checkpoints, in place of the chain of seals
 * (docs/adr/0023-a-log-that-a-stranger-can-check.md); and room for what is left of an erased patient: the hashes of their leaves.
 *
 * Everything that the chain held enters the log in its order, its seals too: what was noted of them elsewhere can still be held
 * against it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(LOG).execute(db);
  await sql.raw(ERASURE).execute(db);
  await sql.raw(GRANTS).execute(db);
}

const LOG = `
CREATE TABLE log_entries (
  entry_no bigint PRIMARY KEY CHECK (entry_no >= 0),
  kind text NOT NULL CHECK (kind IN ('batch','event','seal')),
  ref text NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  UNIQUE (kind, ref)
);

-- Hashes over 2^level entries that all exist, from entry node_no * 2^level on. They never change.
CREATE TABLE log_nodes (
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 53),
  node_no bigint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, node_no)
);

CREATE TABLE log_checkpoints (
  origin text NOT NULL,
  tree_size bigint NOT NULL CHECK (tree_size > 0),
  root bytea NOT NULL CHECK (length(root) = 32),
  note text NOT NULL,
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (origin, tree_size)
);
CREATE INDEX log_checkpoints_by_size ON log_checkpoints (tree_size);

-- A worker of the release before asks for audit_unsealed and finds none: it cannot seal past the log.
ALTER TABLE audit_unsealed RENAME TO log_queue;
ALTER TABLE log_queue DROP CONSTRAINT audit_unsealed_kind_check, ADD CHECK (kind IN ('batch','event','seal'));
CREATE OR REPLACE FUNCTION enqueue_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO log_queue (kind, ref, digest) VALUES ('batch', NEW.job_id || '/' || NEW.chunk_no, NEW.digest);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION enqueue_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO log_queue (kind, ref, digest) VALUES ('event', NEW.id::text, NEW.digest);
  RETURN NULL;
END $$;
INSERT INTO log_queue (kind, ref, digest)
  SELECT kind, ref, digest FROM (
    SELECT seal_id, position, kind, ref, digest FROM audit_seal_entries
    UNION ALL SELECT id, entry_count, 'seal', id::text, hash FROM audit_seals
  ) sealed ORDER BY seal_id, position;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['log_entries','log_nodes','log_checkpoints'] LOOP
    EXECUTE format('CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
  END LOOP;
END $$;
`;

const ERASURE = `
-- Set by the erasure of a patient alone, for its own transaction. It is no lock: who may update at all is a matter of grants,
-- and no service may. Whatever is changed under it is found by the verification all the same.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('iit.erasing', true) = 'yes' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

-- With a salt a row is a leaf of its run's tree, and can be erased; rows of before have none.
ALTER TABLE online_rows
  ADD COLUMN salt bytea CHECK (length(salt) = 16),
  ADD COLUMN erased_leaf bytea CHECK (length(erased_leaf) = 32),
  ALTER COLUMN patient_id DROP NOT NULL,
  ALTER COLUMN input_hash DROP NOT NULL,
  ADD CHECK (patient_id IS NOT NULL AND input_hash IS NOT NULL OR input IS NULL AND salt IS NULL);

-- An event about a patient is hashed over the hash of whom it is about, so that the name can go and the event stays.
ALTER TABLE audit_events
  ADD COLUMN entity_salt bytea CHECK (length(entity_salt) = 16),
  ADD COLUMN entity_hash bytea CHECK (length(entity_hash) = 32);
CREATE INDEX audit_events_by_patient ON audit_events (entity) WHERE entity LIKE 'patient/%';
CREATE INDEX rejections_by_patient ON rejections (patient_id) WHERE patient_id IS NOT NULL;
`;

const GRANTS = `
REVOKE ALL ON log_queue FROM iit_audit;
REVOKE INSERT ON audit_seals, audit_seal_entries FROM iit_audit;
GRANT SELECT, DELETE ON log_queue TO iit_worker;
GRANT SELECT, INSERT ON log_entries, log_nodes, log_checkpoints TO iit_worker;
GRANT SELECT ON log_queue, log_entries, log_nodes, log_checkpoints TO iit_api, iit_readonly;
`;
