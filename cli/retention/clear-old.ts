import type { Client } from 'pg';
import { recordEvent } from '#shared/audit/record-event.ts';
import { databaseOn } from '#shared/db/client-database.ts';

/** What is kept by its job and not by partitions of days. */
export type ClearedKind = 'inputs' | 'rejections' | 'shadows' | 'outcomes';

type Kind = {
  kind: ClearedKind;
  /** How an operator says how long. */
  variable: string;
  /** Shorter, and something that the service promises would fail. */
  leastMonths: number;
  words: string;
  /** Of one job, $1. */
  statements: readonly string[];
};

/**
 * These tables are found by job and written and read a job at a time: a day of them goes job by job, each in a transaction. Of a
 * chunk the state stays, and its counts; the input is what is large.
 */
export const CLEARED: readonly Kind[] = [
  {
    kind: 'inputs',
    variable: 'INPUT_MONTHS',
    leastMonths: 2,
    words: 'Inputs are what shadows, outcomes and next steps are made from, and are',
    statements: [
      `UPDATE chunks SET payload = '', payload_sha256 = sha256('') WHERE job_id = $1 AND length(payload) > 0`,
    ],
  },
  {
    kind: 'rejections',
    variable: 'REJECTION_MONTHS',
    leastMonths: 1,
    words: 'Rejections are what data officers work with, and are',
    statements: ['DELETE FROM rejections WHERE job_id = $1'],
  },
  {
    kind: 'shadows',
    variable: 'SHADOW_MONTHS',
    leastMonths: 1,
    words: 'Scores of shadows are',
    statements: [
      'DELETE FROM shadow_predictions WHERE job_id = $1 AND shadow_id IN (SELECT id FROM model_shadows)',
    ],
  },
  {
    kind: 'outcomes',
    variable: 'OUTCOME_MONTHS',
    leastMonths: 6,
    words: 'Outcomes are counted by windows of 90 days, and are',
    statements: ['DELETE FROM outcomes WHERE job_id = $1'],
  },
];

export type Cleared = {
  kind: ClearedKind;
  /** Everything of jobs accepted before that day is gone. */
  before: string;
  jobs: number;
  rows: number;
};

const DEFAULT_TENANT = 1;

/**
 * Clears one kind of the jobs that were accepted before the months that are kept and are over. Goes on where the last time ended, so that
 * it costs what has become old since; whoever dies on the way has cleared some jobs, and the next time clears the others.
 */
export async function clearOld(client: Client, { kind, statements }: Kind, months: number): Promise<Cleared> {
  const { rows: days } = await client.query<{ before: string }>(
    `SELECT to_char(date_trunc('month', now()) - make_interval(months => $1 - 1), 'YYYY-MM-DD') AS before`,
    [months],
  );
  const before = days[0]?.before ?? '';
  const { rows: jobs } = await client.query<{ id: string }>(
    `SELECT id FROM jobs WHERE period < $2::date AND finished_at IS NOT NULL
       AND period >= coalesce((SELECT before FROM retention_marks WHERE kind = $1), '-infinity') ORDER BY period, id`,
    [kind, before],
  );
  let rows = 0;
  for (const { id } of jobs) {
    for (const statement of statements) rows += (await client.query(statement, [id])).rowCount ?? 0;
  }
  await client.query(
    `INSERT INTO retention_marks AS m (kind, before) VALUES ($1, $2)
       ON CONFLICT (kind) DO UPDATE SET before = excluded.before, cleared_at = now() WHERE m.before < excluded.before`,
    [kind, before],
  );
  if (rows > 0) {
    await recordEvent(databaseOn(client), {
      tenantId: DEFAULT_TENANT,
      actor: 'cli:retention',
      action: 'retention.clear',
      outcome: 'success',
      details: { kind, months, before, jobs: jobs.length, rows },
    });
  }
  return { kind, before, jobs: jobs.length, rows };
}
