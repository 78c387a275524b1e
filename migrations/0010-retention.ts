import { type Kysely, sql } from 'kysely';

/**
 * What retention has cleared beside whole days, and which days are as they were when a backup took them.
 *
 * A partition has a mark from its making on, and a new one with every change after its day is over. A backup that finds a mark
 * again that an earlier one has seen needs not read the day a second time. Marks are not part of backups: a restored database has
 * marks of its own, and so never passes for the one that it was copied from.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(MARKS).execute(db);
  await sql.raw(PARTITIONS).execute(db);
  await sql.raw(GRANTS).execute(db);
}

const PARENTS = ['score_chunks', 'score_blocks', 'order_blocks', 'patient_blocks', 'online_rows'];

const MARKS = `
CREATE TABLE retention_marks (
  kind text PRIMARY KEY CHECK (kind IN ('inputs','rejections','shadows','outcomes')),
  before date NOT NULL,
  cleared_at timestamptz NOT NULL DEFAULT now()
);

-- What is kept by the day of its job, and is not partitioned, is found by it.
CREATE INDEX jobs_by_period ON jobs (period);

CREATE TABLE partition_marks (
  parent text NOT NULL,
  day date NOT NULL,
  mark uuid NOT NULL DEFAULT gen_random_uuid(),
  changed_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (parent, day)
);
INSERT INTO partition_marks (parent, day)
  SELECT p.relname, to_date(right(c.relname, 10), 'YYYY_MM_DD')
  FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid
  WHERE p.relname IN ('${PARENTS.join("','")}') AND c.relname ~ '_\\d{4}_\\d\\d_\\d\\d$';

-- Once a transaction and day: a restore or an erasure changes many rows of one.
CREATE FUNCTION note_late_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO partition_marks AS m (parent, day)
    VALUES (TG_ARGV[0], CASE WHEN TG_OP = 'DELETE' THEN OLD.period ELSE NEW.period END)
    ON CONFLICT (parent, day) DO UPDATE SET mark = gen_random_uuid(), changed_by = pg_current_xact_id()
    WHERE m.changed_by <> pg_current_xact_id();
  RETURN NULL;
END $$;
${PARENTS.map(
  (parent) => `
CREATE TRIGGER late_change AFTER INSERT OR UPDATE ON ${parent} FOR EACH ROW
  WHEN (NEW.period < (now() AT TIME ZONE 'UTC')::date - 1) EXECUTE FUNCTION note_late_change('${parent}');
CREATE TRIGGER late_delete AFTER DELETE ON ${parent} FOR EACH ROW
  WHEN (OLD.period < (now() AT TIME ZONE 'UTC')::date - 1) EXECUTE FUNCTION note_late_change('${parent}');`,
).join('')}
`;

const PARTITIONS = `
-- As before; a partition that is made is marked.
CREATE OR REPLACE FUNCTION ensure_days(first_day date, days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parent text; d date; part text;
BEGIN
  IF days NOT BETWEEN 1 AND 400 OR first_day NOT BETWEEN '2020-01-01' AND now()::date + 400 THEN
    RAISE EXCEPTION 'partitions are made for 1 to 400 days, from 2020 to a year ahead' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('iit.ensure_partitions'));
  FOREACH parent IN ARRAY ARRAY['${PARENTS.join("','")}'] LOOP
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
        INSERT INTO partition_marks AS m (parent, day) VALUES (parent, d)
          ON CONFLICT ON CONSTRAINT partition_marks_pkey DO UPDATE SET mark = gen_random_uuid(), changed_by = pg_current_xact_id();
      END IF;
    END LOOP;
  END LOOP;
END $$;
`;

const GRANTS = `
GRANT SELECT ON retention_marks TO iit_api, iit_worker, iit_readonly;
GRANT SELECT ON partition_marks TO iit_readonly;
`;
