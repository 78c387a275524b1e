import { type Kysely, sql } from 'kysely';

/**
 * Scores by block instead of by row (docs/adr/0022-a-page-of-arrays.md).
 *
 * A chunk that was scored is one row of `score_chunks` and some tens of `score_blocks`, each as large as a page. `predictions`
 * and `audit_log` become views over them, with the columns that they had. Online requests keep rows of their own
 * (`online_rows`). All of it is partitioned by `period`, from now on the day on which the job was accepted.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(db);
  await sql.raw(PARTITIONS).execute(db);
  await sql.raw(FUNCTIONS).execute(db);
  await sql.raw(CONVERSION).execute(db);
  await sql.raw(VIEWS).execute(db);
  await sql.raw(SEARCHES).execute(db);
  await sql.raw(UNSEALED).execute(db);
  await sql.raw(GRANTS).execute(db);
}

const TABLES = `
ALTER TABLE predictions RENAME TO old_predictions;
ALTER TABLE audit_log RENAME TO old_audit_log;

-- What all rows of a chunk have in common. form 1: converted rows of before; 2: rows and inputs under two Merkle trees.
CREATE TABLE score_chunks (
  period date NOT NULL,
  job_id uuid NOT NULL,
  chunk_no integer NOT NULL,
  tenant_id smallint NOT NULL,
  form smallint NOT NULL CHECK (form IN (1, 2)),
  first_row integer NOT NULL,
  last_row integer NOT NULL,
  row_count integer NOT NULL CHECK (row_count > 0),
  recorded_at timestamptz NOT NULL,
  api_key_id uuid NOT NULL,
  actor text NOT NULL,
  model_version text NOT NULL,
  model_sha256 bytea NOT NULL CHECK (length(model_sha256) = 32),
  salt_key bytea CHECK (length(salt_key) = 16),
  row_root bytea CHECK (length(row_root) = 32),
  input_root bytea CHECK (length(input_root) = 32),
  PRIMARY KEY (period, job_id, chunk_no),
  CHECK (form = 1 OR (salt_key IS NOT NULL AND row_root IS NOT NULL AND input_root IS NOT NULL))
) PARTITION BY RANGE (period);

-- Rows by column, as many as fill a page. shared/scores/score-block.ts says what each column holds.
CREATE TABLE score_blocks (
  period date NOT NULL,
  job_id uuid NOT NULL,
  first_row integer NOT NULL,
  chunk_no integer NOT NULL,
  tenant_id smallint NOT NULL,
  row_count smallint NOT NULL CHECK (row_count BETWEEN 1 AND 255),
  reason_count smallint NOT NULL,
  due_base date,
  row_nos integer[],
  patient_ids text[] NOT NULL,
  facilities text[],
  facility_nos bytea,
  due_days smallint[],
  raw_scores double precision[] NOT NULL,
  risks double precision[],
  tiers bytea NOT NULL,
  reason_features bytea,
  reason_features_high bytea,
  reason_contributions real[],
  reason_values double precision[],
  reason_value_nos bytea,
  identifier_names text[],
  identifier_texts text[],
  identifier_nos bytea,
  input_hashes bytea,
  erased_leaves bytea,
  PRIMARY KEY (period, job_id, first_row)
) PARTITION BY RANGE (period);

-- A job's rows in the order of their risk, the whole job's (list '*'), each facility's ('=' and its id) and of those without
-- one ('-'). An entry is row_no | tier << 30. neg_risk and first_row are those of the first entry.
CREATE TABLE order_blocks (
  period date NOT NULL,
  job_id uuid NOT NULL,
  list text NOT NULL,
  neg_risk double precision NOT NULL,
  first_row integer NOT NULL,
  first_place integer NOT NULL,
  tier_counts integer[] NOT NULL,
  entries integer[] NOT NULL,
  PRIMARY KEY (period, job_id, list, neg_risk, first_row)
) PARTITION BY RANGE (period);

-- A job's rows by the hash of their patients' ids; rows of one hash never lie in two blocks.
CREATE TABLE patient_blocks (
  period date NOT NULL,
  job_id uuid NOT NULL,
  first_hash integer NOT NULL,
  hashes integer[] NOT NULL,
  row_nos integer[] NOT NULL,
  PRIMARY KEY (period, job_id, first_hash)
) PARTITION BY RANGE (period);

CREATE TABLE online_rows (
  period date NOT NULL,
  job_id uuid NOT NULL,
  row_no integer NOT NULL,
  tenant_id smallint NOT NULL,
  chunk_no integer NOT NULL,
  recorded_at timestamptz NOT NULL,
  source text NOT NULL CHECK (source = 'online'),
  api_key_id uuid NOT NULL,
  actor text NOT NULL,
  patient_id text NOT NULL,
  model_version text NOT NULL,
  model_sha256 bytea NOT NULL,
  raw_score double precision NOT NULL,
  risk double precision NOT NULL,
  tier smallint NOT NULL,
  input_hash bytea NOT NULL,
  input bytea,
  PRIMARY KEY (period, job_id, row_no)
) PARTITION BY RANGE (period);
CREATE INDEX online_rows_by_patient ON online_rows (patient_id, tenant_id);

-- rows_scored when the lists and hashes of a job were made; another number: they are not those of its rows.
ALTER TABLE jobs ADD COLUMN indexed_rows bigint;
CREATE INDEX jobs_unindexed ON jobs (finished_at)
  WHERE finished_at IS NOT NULL AND rows_scored > 0 AND indexed_rows IS DISTINCT FROM rows_scored;
CREATE INDEX jobs_by_end ON jobs (tenant_id, finished_at);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['score_chunks','score_blocks','online_rows'] LOOP
    EXECUTE format('CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
  END LOOP;
END $$;
`;

const PARTITIONS = `
-- Made beside its parent and then attached: whoever reads or writes the other days does not wait.
CREATE FUNCTION ensure_days(first_day date, days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parent text; d date; part text;
BEGIN
  IF days NOT BETWEEN 1 AND 400 OR first_day NOT BETWEEN '2020-01-01' AND now()::date + 400 THEN
    RAISE EXCEPTION 'partitions are made for 1 to 400 days, from 2020 to a year ahead' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('iit.ensure_partitions'));
  FOREACH parent IN ARRAY ARRAY['score_chunks','score_blocks','order_blocks','patient_blocks','online_rows'] LOOP
    FOR i IN 0 .. days - 1 LOOP
      d := first_day + i;
      part := format('%s_%s', parent, to_char(d, 'YYYY_MM_DD'));
      IF to_regclass(part) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', part, parent);
        IF parent IN ('score_blocks','order_blocks','patient_blocks') THEN
          -- A block is a page: only what is larger than a page goes elsewhere.
          EXECUTE format('ALTER TABLE %I SET (toast_tuple_target = 8160)', part);
        END IF;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, d, d + 1);
        IF parent IN ('score_chunks','score_blocks','online_rows') THEN
          EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', part);
        END IF;
      END IF;
    END LOOP;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION ensure_days(date, integer) FROM PUBLIC;

-- What a process of the release before asks for: months; a week of days is enough until it asks again.
CREATE OR REPLACE FUNCTION ensure_partitions(first_month date, months integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT ensure_days(first_month, 8)';

SELECT ensure_days(now()::date, 8);
SELECT ensure_days(period, 1) FROM (SELECT DISTINCT period FROM old_audit_log UNION SELECT DISTINCT period FROM jobs) p;
`;

/** The most reasons that a job may keep. */
const MOST_REASONS = 20;
const each = (element: (j: number) => string) =>
  Array.from({ length: MOST_REASONS }, (_, j) => `CASE WHEN k > ${j} THEN ${element(j)} END`).join(',\n    ');

/** Single expressions without a subquery, so that the planner writes them into the query: a call for each row would be slow. */
const FUNCTIONS = `
CREATE FUNCTION block_reason_count(contributions real[], k integer, i integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT cardinality(array_remove(contributions[(i - 1) * k + 1 : i * k], 'NaN')) $$;
CREATE FUNCTION block_reason_features(low bytea, high bytea, k integer, i integer, n integer) RETURNS smallint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (ARRAY[
    ${each((j) => `(get_byte(low, (i - 1) * k + ${j}) + 256 * coalesce(get_byte(high, (i - 1) * k + ${j}), 0))::smallint`)}
  ])[1:n] $$;
CREATE FUNCTION block_reason_values(dictionary double precision[], nos bytea, k integer, i integer, n integer) RETURNS double precision[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (ARRAY[
    ${each((j) => `nullif(dictionary[get_byte(nos, (i - 1) * k + ${j}) + 1], 'NaN')`)}
  ])[1:n] $$;
-- {"name": "text"}: what people know a patient by; NULL where the job has none.
CREATE FUNCTION block_identifiers(names text[], texts text[], nos bytea, row_count integer, i integer) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN names IS NOT NULL THEN (
    SELECT jsonb_object_agg(name, texts[get_byte(nos, (no::integer - 1) * row_count + i - 1) + 1])
      FILTER (WHERE get_byte(nos, (no::integer - 1) * row_count + i - 1) < 255)
    FROM unnest(names) WITH ORDINALITY named (name, no)) END $$;

-- FNV-1a over the UTF-8 bytes, then murmur3's finaliser: shared/scores/patient-hash.ts.
CREATE FUNCTION patient_hash(id text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  bytes bytea := convert_to(id, 'UTF8');
  h bigint := 2166136261;
BEGIN
  FOR at IN 0 .. octet_length(bytes) - 1 LOOP
    h := ((h # get_byte(bytes, at)) * 16777619) & 4294967295;
  END LOOP;
  h := h # (h >> 16);
  h := ((h & 65535) * 2246822507 + ((((h >> 16) * 2246822507) & 65535) << 16)) & 4294967295;
  h := h # (h >> 13);
  h := ((h & 65535) * 3266489909 + ((((h >> 16) * 3266489909) & 65535) << 16)) & 4294967295;
  h := h # (h >> 16);
  RETURN CASE WHEN h > 2147483647 THEN h - 4294967296 ELSE h END;
END $$;
`;

/**
 * Rows of before become blocks of at most 64 rows, with the input hashes that they had: their digests and seals are verified as
 * they were. What the audit says counts; a prediction that retention dropped earlier is not missed.
 */
const CONVERSION = `
INSERT INTO online_rows
  (period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id, model_version, model_sha256,
    raw_score, risk, tier, input_hash, input)
SELECT period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id, model_version,
  model_sha256, raw_score, risk, tier, input_hash, input
FROM old_audit_log WHERE source = 'online';

INSERT INTO score_chunks (period, job_id, chunk_no, tenant_id, form, first_row, last_row, row_count, recorded_at, api_key_id,
  actor, model_version, model_sha256)
SELECT period, job_id, chunk_no, min(tenant_id), 1, min(row_no), max(row_no), count(*), min(recorded_at),
  min(api_key_id::text)::uuid, min(actor), min(model_version), min(model_sha256)
FROM old_audit_log WHERE source = 'job' GROUP BY period, job_id, chunk_no;

CREATE FUNCTION pg_temp.convert_job(p date, j uuid) RETURNS void LANGUAGE sql AS $$
  WITH wide AS (
    SELECT a.*, o.facility_id, o.due_date, o.reason_features, o.reason_contributions, o.reason_values,
      coalesce(max(cardinality(o.reason_features)) OVER (), 0) AS k
    FROM old_audit_log a LEFT JOIN old_predictions o ON o.period = a.period AND o.job_id = a.job_id AND o.row_no = a.row_no
    WHERE a.period = p AND a.job_id = j AND a.source = 'job'
  ), placed AS (
    SELECT *, (row_number() OVER (PARTITION BY chunk_no ORDER BY row_no) - 1) / least(64, 256 / greatest(k, 1)) AS block_no
    FROM wide
  ), blocks AS (
    SELECT chunk_no, block_no, min(tenant_id) AS tenant_id, min(row_no) AS first_row, count(*)::integer AS n, max(k) AS k,
      min(due_date) AS due_base, array_agg(row_no ORDER BY row_no) AS row_nos,
      array_agg(patient_id ORDER BY row_no) AS patient_ids,
      array_agg(DISTINCT facility_id) FILTER (WHERE facility_id IS NOT NULL) AS facilities,
      array_agg(facility_id ORDER BY row_no) AS facility_ids, array_agg(due_date ORDER BY row_no) AS due_dates,
      array_agg(raw_score ORDER BY row_no) AS raw_scores, array_agg(risk ORDER BY row_no) AS risks,
      string_agg(set_byte('\\x00', 0, tier), '' ORDER BY row_no) AS tiers,
      string_agg(input_hash, '' ORDER BY row_no) AS input_hashes
    FROM placed GROUP BY chunk_no, block_no
  ), reasons AS (
    SELECT chunk_no, block_no, row_no, at, coalesce(reason_features[at], 0)::integer AS feature,
      coalesce(reason_contributions[at], 'NaN') AS contribution, coalesce(reason_values[at], 'NaN') AS value
    FROM placed CROSS JOIN LATERAL generate_series(1, k) at
  ), texts AS (
    SELECT chunk_no, block_no, array_agg(DISTINCT value) AS dictionary,
      array_agg(contribution ORDER BY row_no, at) AS contributions, array_agg(value ORDER BY row_no, at) AS every_value,
      string_agg(set_byte('\\x00', 0, feature & 255), '' ORDER BY row_no, at) AS low,
      string_agg(set_byte('\\x00', 0, feature >> 8), '' ORDER BY row_no, at) AS high
    FROM reasons GROUP BY chunk_no, block_no
  )
  INSERT INTO score_blocks (period, job_id, first_row, chunk_no, tenant_id, row_count, reason_count, due_base, row_nos,
    patient_ids, facilities, facility_nos, due_days, raw_scores, risks, tiers, reason_features,
    reason_features_high, reason_contributions, reason_values, reason_value_nos, input_hashes)
  SELECT p, j, b.first_row, b.chunk_no, b.tenant_id, b.n, b.k, b.due_base, b.row_nos, b.patient_ids, b.facilities,
    CASE WHEN b.facilities IS NOT NULL THEN (SELECT string_agg(set_byte('\\x00', 0, coalesce(array_position(b.facilities, f) - 1, 255)), ''
      ORDER BY no) FROM unnest(b.facility_ids) WITH ORDINALITY u (f, no)) END,
    CASE WHEN b.due_base IS NOT NULL THEN (SELECT array_agg(coalesce(d - b.due_base, -32768)::smallint ORDER BY no)
      FROM unnest(b.due_dates) WITH ORDINALITY u (d, no)) END,
    b.raw_scores, b.risks, b.tiers, t.low, t.high, t.contributions, t.dictionary,
    (SELECT string_agg(set_byte('\\x00', 0, array_position(t.dictionary, v) - 1), '' ORDER BY no)
      FROM unnest(t.every_value) WITH ORDINALITY u (v, no)),
    b.input_hashes
  FROM blocks b LEFT JOIN texts t ON t.chunk_no = b.chunk_no AND t.block_no = b.block_no
$$;
SELECT pg_temp.convert_job(period, job_id)
  FROM (SELECT DISTINCT period, job_id FROM old_audit_log WHERE source = 'job' ORDER BY 1, 2) jobs;

DROP TABLE old_predictions, old_audit_log;
`;

/** Columns of row i of a block `b`, by the names that they have in `predictions`. */
const predictionColumns = (i: string, patientId: string, rawScore: string) => `
  b.period, b.job_id,
  CASE WHEN b.row_nos IS NULL THEN b.first_row + ${i} - 1 ELSE b.row_nos[${i}] END AS row_no,
  b.tenant_id, b.chunk_no, ${patientId} AS patient_id,
  b.facilities[get_byte(b.facility_nos, ${i} - 1) + 1] AS facility_id,
  b.due_base + nullif(b.due_days[${i}], -32768)::integer AS due_date,
  ${rawScore} AS raw_score,
  coalesce(b.risks[${i}], 1 / (1 + exp(-${rawScore}))) AS risk,
  get_byte(b.tiers, ${i} - 1)::smallint AS tier,
  block_reason_features(b.reason_features, b.reason_features_high, b.reason_count, ${i},
    block_reason_count(b.reason_contributions, b.reason_count, ${i})) AS reason_features,
  array_remove(b.reason_contributions[(${i} - 1) * b.reason_count + 1 : ${i} * b.reason_count], 'NaN') AS reason_contributions,
  block_reason_values(b.reason_values, b.reason_value_nos, b.reason_count, ${i},
    block_reason_count(b.reason_contributions, b.reason_count, ${i})) AS reason_values,
  block_identifiers(b.identifier_names, b.identifier_texts, b.identifier_nos, b.row_count, ${i}) AS identifiers`;

/** Columns of row i of a block `b` of chunk `c`, by the names that they have in `audit_log`. */
const auditColumns = (i: string, patientId: string, rawScore: string) => `
  b.period, b.job_id,
  CASE WHEN b.row_nos IS NULL THEN b.first_row + ${i} - 1 ELSE b.row_nos[${i}] END AS row_no,
  b.tenant_id, b.chunk_no, c.recorded_at, 'job'::text AS source, c.api_key_id, c.actor, ${patientId} AS patient_id,
  c.model_version, c.model_sha256, ${rawScore} AS raw_score,
  coalesce(b.risks[${i}], 1 / (1 + exp(-${rawScore}))) AS risk, get_byte(b.tiers, ${i} - 1)::smallint AS tier,
  substring(b.input_hashes FROM 32 * ${i} - 31 FOR 32) AS input_hash, NULL::bytea AS input`;

const ONLINE_COLUMNS = `
  o.period, o.job_id, o.row_no, o.tenant_id, o.chunk_no, o.recorded_at, o.source, o.api_key_id, o.actor, o.patient_id,
  o.model_version, o.model_sha256, o.raw_score, o.risk, o.tier, o.input_hash, o.input`;

const EVERY_ROW = `CROSS JOIN LATERAL unnest(b.patient_ids, b.raw_scores) WITH ORDINALITY r (patient_id, raw_score, i)`;

/** The block of a row of a job, and the row's place in it; nothing where there is no such row. */
const blockOf = (period: string, job: string, row: string) => `
  CROSS JOIN LATERAL (SELECT * FROM score_blocks s WHERE s.period = ${period} AND s.job_id = ${job} AND s.first_row <= ${row}
    ORDER BY s.first_row DESC LIMIT 1) b
  CROSS JOIN LATERAL (SELECT CASE WHEN b.row_nos IS NOT NULL THEN array_position(b.row_nos, ${row})
    WHEN ${row} - b.first_row < b.row_count THEN ${row} - b.first_row + 1 END AS i) place`;

const VIEWS = `
CREATE VIEW predictions AS
SELECT ${predictionColumns('r.i::integer', 'r.patient_id', 'r.raw_score')}
FROM score_blocks b ${EVERY_ROW};

CREATE VIEW audit_log AS
SELECT ${ONLINE_COLUMNS} FROM online_rows o
UNION ALL
SELECT ${auditColumns('r.i::integer', 'r.patient_id', 'r.raw_score')}
FROM score_blocks b
JOIN score_chunks c ON c.period = b.period AND c.job_id = b.job_id AND c.chunk_no = b.chunk_no
${EVERY_ROW};

-- A process of the release before writes rows. The code says that it is the server's state and not the chunk's fault: the
-- chunk is handed back for a worker that knows the blocks.
CREATE FUNCTION refuse_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is a view: this release writes blocks', TG_TABLE_NAME USING ERRCODE = '57P03';
END $$;
CREATE TRIGGER refuse_rows INSTEAD OF INSERT ON predictions FOR EACH ROW EXECUTE FUNCTION refuse_rows();
CREATE FUNCTION insert_online_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.source IS DISTINCT FROM 'online' THEN
    RAISE EXCEPTION '% is a view: this release writes blocks', TG_TABLE_NAME USING ERRCODE = '57P03';
  END IF;
  INSERT INTO online_rows (period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id,
    model_version, model_sha256, raw_score, risk, tier, input_hash, input)
  VALUES (NEW.period, NEW.job_id, NEW.row_no, NEW.tenant_id, NEW.chunk_no, NEW.recorded_at, NEW.source, NEW.api_key_id,
    NEW.actor, NEW.patient_id, NEW.model_version, NEW.model_sha256, NEW.raw_score, NEW.risk, NEW.tier, NEW.input_hash, NEW.input);
  RETURN NEW;
END $$;
CREATE TRIGGER insert_online_row INSTEAD OF INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION insert_online_row();
`;

const SEARCHES = `
-- One row of a job: two index reads.
CREATE FUNCTION prediction(of_job uuid, of_row integer) RETURNS SETOF predictions
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT ${predictionColumns('place.i', 'b.patient_ids[place.i]', 'b.raw_scores[place.i]')}
  FROM jobs j ${blockOf('j.period', 'j.id', 'of_row')}
  WHERE j.id = of_job AND place.i IS NOT NULL $$;

-- All rows of a chunk, and no other block is read.
CREATE FUNCTION predictions_of_chunk(of_period date, of_job uuid, of_chunk integer) RETURNS SETOF predictions
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT ${predictionColumns('r.i::integer', 'r.patient_id', 'r.raw_score')}
  FROM score_chunks c JOIN score_blocks b ON b.period = c.period AND b.job_id = c.job_id
    AND b.first_row BETWEEN c.first_row AND c.last_row
  ${EVERY_ROW}
  WHERE c.period = of_period AND c.job_id = of_job AND c.chunk_no = of_chunk $$;

CREATE FUNCTION audit_of_block(of_period date, of_job uuid, of_first_row integer) RETURNS SETOF audit_log
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT ${auditColumns('r.i::integer', 'r.patient_id', 'r.raw_score')}
  FROM score_blocks b
  JOIN score_chunks c ON c.period = b.period AND c.job_id = b.job_id AND c.chunk_no = b.chunk_no
  ${EVERY_ROW}
  WHERE b.period = of_period AND b.job_id = of_job AND b.first_row = of_first_row $$;

-- Everything that was ever said of a patient, or within the times: one page of hashes and one of scores a job.
CREATE FUNCTION audit_of_patient(of_patient text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
  of_tenant smallint DEFAULT NULL) RETURNS SETOF audit_log
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT ${ONLINE_COLUMNS} FROM online_rows o
  WHERE o.patient_id = of_patient AND (of_tenant IS NULL OR o.tenant_id = of_tenant)
    AND (since IS NULL OR (o.recorded_at >= since AND o.period >= date_trunc('month', since)::date))
    AND (until IS NULL OR (o.recorded_at < until AND o.period <= until::date))
  UNION ALL
  SELECT ${auditColumns('place.i', 'b.patient_ids[place.i]', 'b.raw_scores[place.i]')}
  FROM jobs j
  CROSS JOIN LATERAL (SELECT * FROM patient_blocks h WHERE h.period = j.period AND h.job_id = j.id
    AND h.first_hash <= patient_hash(of_patient) ORDER BY h.first_hash DESC LIMIT 1) h
  CROSS JOIN LATERAL unnest(array_positions(h.hashes, patient_hash(of_patient))) at
  ${blockOf('j.period', 'j.id', 'h.row_nos[at]')}
  JOIN score_chunks c ON c.period = b.period AND c.job_id = b.job_id AND c.chunk_no = b.chunk_no
  WHERE j.indexed_rows = j.rows_scored AND (of_tenant IS NULL OR j.tenant_id = of_tenant)
    AND (since IS NULL OR (j.finished_at >= since AND c.recorded_at >= since))
    AND (until IS NULL OR (j.created_at < until AND c.recorded_at < until))
    AND b.patient_ids[place.i] = of_patient
  UNION ALL
  -- Jobs that are not over, or were a moment ago.
  SELECT ${auditColumns('at', 'b.patient_ids[at]', 'b.raw_scores[at]')}
  FROM (SELECT * FROM jobs u WHERE u.rows_scored > 0 AND u.indexed_rows IS DISTINCT FROM u.rows_scored OFFSET 0) j
  -- OFFSET 0 keeps the planner from reading every block before it knows that no such job is there.
  CROSS JOIN LATERAL (SELECT * FROM score_blocks s WHERE s.period = j.period AND s.job_id = j.id
    AND of_patient = ANY (s.patient_ids) OFFSET 0) b
  JOIN score_chunks c ON c.period = b.period AND c.job_id = b.job_id AND c.chunk_no = b.chunk_no
  CROSS JOIN LATERAL unnest(array_positions(b.patient_ids, of_patient)) at
  WHERE (of_tenant IS NULL OR j.tenant_id = of_tenant)
    AND (since IS NULL OR c.recorded_at >= since) AND (until IS NULL OR c.recorded_at < until) $$;
`;

const UNSEALED = `
-- What no seal holds yet. Sealing takes from here, so that it costs what is new and not what there is. Filled by the tables
-- themselves: nobody can write a batch or an event without an entry, nor an entry without them.
CREATE TABLE audit_unsealed (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('batch','event')),
  ref text NOT NULL,
  digest bytea NOT NULL
);
CREATE FUNCTION enqueue_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_unsealed (kind, ref, digest) VALUES ('batch', NEW.job_id || '/' || NEW.chunk_no, NEW.digest);
  RETURN NULL;
END $$;
CREATE FUNCTION enqueue_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_unsealed (kind, ref, digest) VALUES ('event', NEW.id::text, NEW.digest);
  RETURN NULL;
END $$;
CREATE TRIGGER enqueue AFTER INSERT ON audit_batches FOR EACH ROW EXECUTE FUNCTION enqueue_batch();
CREATE TRIGGER enqueue AFTER INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION enqueue_event();
INSERT INTO audit_unsealed (kind, ref, digest)
  SELECT 'batch', b.job_id || '/' || b.chunk_no, b.digest FROM audit_batches b
  WHERE NOT EXISTS (SELECT FROM audit_seal_entries e WHERE e.kind = 'batch' AND e.ref = b.job_id || '/' || b.chunk_no)
  UNION ALL
  SELECT 'event', v.id::text, v.digest FROM audit_events v
  WHERE NOT EXISTS (SELECT FROM audit_seal_entries e WHERE e.kind = 'event' AND e.ref = v.id::text);
`;

const GRANTS = `
GRANT SELECT, DELETE ON audit_unsealed TO iit_audit;
GRANT SELECT ON audit_unsealed TO iit_readonly;
GRANT SELECT, INSERT ON online_rows TO iit_audit;
GRANT SELECT, INSERT ON audit_log TO iit_audit;
GRANT SELECT ON score_chunks TO iit_audit;
GRANT SELECT ON score_chunks, score_blocks, order_blocks, patient_blocks, predictions TO iit_api;
GRANT SELECT, INSERT ON score_chunks, score_blocks, order_blocks, patient_blocks TO iit_worker;
GRANT DELETE ON order_blocks, patient_blocks TO iit_worker;
GRANT SELECT, INSERT ON predictions TO iit_worker;
GRANT SELECT ON score_chunks, score_blocks, order_blocks, patient_blocks, online_rows, predictions, audit_log TO iit_readonly;
GRANT EXECUTE ON FUNCTION ensure_days(date, integer) TO iit_api, iit_worker;
`;
