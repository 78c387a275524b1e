import { type Kysely, sql } from 'kysely';

/**
 * Probabilities of every class, of models of several classes: `outputs` has one a class for each of `row_nos`. The row itself, in
 * `score_blocks` and the log, has the raw score and the probability of the likeliest class; the others follow from the stored
 * input and the model.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
CREATE TABLE chunk_outputs (
  job_id uuid NOT NULL REFERENCES jobs,
  chunk_no integer NOT NULL,
  first_row integer NOT NULL,
  last_row integer NOT NULL,
  row_nos integer[] NOT NULL,
  outputs double precision[] NOT NULL,
  PRIMARY KEY (job_id, chunk_no)
);
GRANT SELECT, INSERT ON chunk_outputs TO iit_worker;
GRANT SELECT ON chunk_outputs TO iit_api, iit_readonly;
`)
    .execute(db);
}
