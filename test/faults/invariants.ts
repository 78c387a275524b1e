import { sql } from 'kysely';
import type { Pool } from 'pg';
import type { Db } from '#shared/db/database.ts';
import { verifyAudit } from '#shared/audit/verify.ts';

/** What invariants a job broke, in words, its audit's included; empty when it kept them all. */
export async function brokenInvariants(database: { db: Db; pool: Pool }, jobId: string): Promise<string[]> {
  const audited = await verifyAudit(database, { jobId });
  return [
    ...(await brokenCounts(database.db, jobId)),
    ...audited.problems.map((problem) => `audit: ${JSON.stringify(problem)}`),
  ];
}

/** The same but for the audit's digests and log. */
export async function brokenCounts(db: Db, jobId: string): Promise<string[]> {
  const job = await db.selectFrom('jobs').selectAll().where('id', '=', jobId).executeTakeFirstOrThrow();
  const chunks = await db
    .selectFrom('chunks')
    .select(['chunk_no', 'state', 'row_count'])
    .where('job_id', '=', jobId)
    .execute();
  const counts = await sql<{ predictions: number; audit: number; differing: number }>`
    SELECT
      (SELECT count(*) FROM predictions WHERE job_id = ${jobId}) AS predictions,
      (SELECT count(*) FROM audit_log WHERE job_id = ${jobId}) AS audit,
      (SELECT count(*) FROM predictions p FULL JOIN audit_log a USING (period, job_id, row_no)
        WHERE job_id = ${jobId} AND (p.raw_score IS DISTINCT FROM a.raw_score OR p.patient_id IS DISTINCT FROM a.patient_id))
        AS differing`.execute(db);
  const { predictions, audit, differing } = counts.rows[0] ?? { predictions: -1, audit: -1, differing: -1 };
  const rowsIn = (state: string) =>
    chunks.filter((chunk) => chunk.state === state).reduce((sum, chunk) => sum + chunk.row_count, 0);
  const broken: string[] = [];
  const hold = (claim: string, left: unknown, right: unknown) => {
    if (left !== right) broken.push(`${claim}: ${String(left)} against ${String(right)}`);
  };
  hold('received = accepted + rejected', job.rows_received, job.rows_accepted + job.rows_rejected);
  hold('predictions = scored', predictions, job.rows_scored);
  hold('audit rows = predictions', audit, predictions);
  hold('audit rows that differ from their prediction', differing, 0);
  hold('scored = rows of done chunks', job.rows_scored, rowsIn('done'));
  hold('tiers = scored', job.tier_low + job.tier_medium + job.tier_high, job.rows_scored);
  if (['completed', 'partial', 'failed'].includes(job.status)) {
    hold('accepted = scored + quarantined', job.rows_accepted, job.rows_scored + job.rows_quarantined);
    hold('quarantined = rows of quarantined chunks', job.rows_quarantined, rowsIn('quarantined'));
  }
  if (!['receiving', 'queued', 'running'].includes(job.status)) {
    const open = chunks.filter((chunk) => chunk.state === 'pending' || chunk.state === 'leased').length;
    hold('open chunks of a terminal job', open, 0);
    if (job.finished_at === null) broken.push('a terminal job has no finished_at');
  }
  return broken;
}

/** The reference scorer's raw score by row number − 1. */
export type Expected = { rowCount: number; rawScores: Float64Array };

/** Rows that are missing, there for no reason, or not equal bit for bit to a run without a fault; ten at most. */
export async function brokenRows(
  db: Db,
  jobId: string,
  expected: Expected,
  without: (rowNo: number) => boolean = () => false,
): Promise<string[]> {
  const rows = await db
    .selectFrom('predictions')
    .select(['row_no', 'raw_score'])
    .where('job_id', '=', jobId)
    .execute();
  const found = new Map(rows.map((row) => [row.row_no, row.raw_score]));
  const broken: string[] = found.size === rows.length ? [] : ['a row is there twice'];
  for (let rowNo = 1; rowNo <= expected.rowCount; rowNo++) {
    const score = found.get(rowNo);
    const right = without(rowNo) ? undefined : expected.rawScores[rowNo - 1];
    if (!Object.is(score, right)) broken.push(`row ${rowNo}: ${String(score)} against ${String(right)}`);
    found.delete(rowNo);
  }
  broken.push(...[...found.keys()].map((rowNo) => `row ${rowNo} is beyond the cohort`));
  return broken.slice(0, 10);
}
