import { type Kysely, sql } from 'kysely';

/**
 * Outcomes by facility and group, and from the records of later jobs. `described_at` tells of which outcomes it is known whom
 * they were about; age, sex and time on ART are those of the day on which the prediction was made.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
ALTER TABLE outcomes
  ADD COLUMN facility_id text,
  ADD COLUMN tier smallint,
  ADD COLUMN is_at_risk boolean,
  ADD COLUMN sex text,
  ADD COLUMN age_group text,
  ADD COLUMN art_group text,
  ADD COLUMN described_at timestamptz;
CREATE INDEX outcomes_undescribed ON outcomes (job_id) WHERE described_at IS NULL;

-- Jobs whose patients' records have told what became of them.
CREATE TABLE derived_jobs (
  job_id uuid PRIMARY KEY REFERENCES jobs,
  derived_at timestamptz NOT NULL DEFAULT now()
);

GRANT INSERT ON outcomes TO iit_worker;
GRANT UPDATE (interrupted, known_on, recorded_at, recorded_by, facility_id, tier, is_at_risk, sex, age_group, art_group, described_at)
  ON outcomes TO iit_worker;
GRANT SELECT ON rejections TO iit_worker;
GRANT SELECT, INSERT ON derived_jobs TO iit_worker;
GRANT SELECT ON derived_jobs TO iit_readonly;
`)
    .execute(db);
}
