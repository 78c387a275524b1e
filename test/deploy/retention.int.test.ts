import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { CLEARED } from '#cli/retention/clear-old.ts';
import { retain } from '#cli/retention.ts';
import { OperatorError } from '#cli/run-command.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { insertScoredJob } from '#test/support/scored-job.ts';
import { createTestDatabase } from '#test/support/test-database.ts';
import { testLogKeeper } from '#test/support/test-log.ts';

describe('retention', () => {
  test('drops days past their time whole, keeps those within it, and makes the days ahead', async () => {
    await using database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query(`SELECT ensure_days('2023-05-31', 2), ensure_days(now()::date - 600, 1)`);
      // A batch of a day that goes, and one of a day that somebody drops by hand.
      await client.query(`INSERT INTO audit_batches (job_id, chunk_no, tenant_id, period, row_count, digest, recorded_at)
        SELECT gen_random_uuid(), 0, 1, day, 1, sha256('x'), day FROM unnest('{2023-06-01, 2025-06-01}'::date[]) day`);
      const tables = ['order_blocks', 'patient_blocks', 'score_blocks', 'score_chunks', 'online_rows'];
      expect((await retain(client, { auditMonths: 24 })).dropped).toEqual(
        tables.flatMap((table) => [`${table}_2023_05_31`, `${table}_2023_06_01`]),
      );
      expect(await retain(client, { auditMonths: 24 })).toMatchObject({ dropped: [] });
      const found = await verifyAudit(database);
      expect(found).toMatchObject({ batches: 2, expired: 1, events: 1 });
      expect(found.problems.map(({ kind }) => kind)).toEqual(['batch_altered']);
      await expect(retain(client, { auditMonths: 12 })).rejects.toThrow(OperatorError);
    } finally {
      await client.end();
    }
  });
});

describe('retention beside the scores', () => {
  const counts = async (client: Client, jobId: string) => {
    const { rows } = await client.query<Record<string, number>>(
      `SELECT (SELECT count(*)::int FROM chunks WHERE job_id = $1 AND length(payload) > 0) AS inputs,
         (SELECT count(*)::int FROM rejections WHERE job_id = $1) AS rejections,
         (SELECT count(*)::int FROM shadow_predictions WHERE job_id = $1) AS shadows,
         (SELECT count(*)::int FROM outcomes WHERE job_id = $1) AS outcomes,
         (SELECT count(*)::int FROM predictions WHERE job_id = $1) AS predictions`,
      [jobId],
    );
    return rows[0];
  };
  /** What a job of five rows may leave beside its scores. */
  const addBeside = async (client: Client, jobId: string) => {
    await client.query(
      `INSERT INTO rejections (job_id, row_no, line, code, message) SELECT $1, 900 + n, n, 'x', 'y' FROM generate_series(1, 5) n`,
      [jobId],
    );
    await client.query(
      `INSERT INTO shadow_predictions (shadow_id, job_id, row_no, champion_risk, champion_tier, raw_score, risk, tier)
       SELECT s.id, $1, n, 0.5, 1, 0, 0.5, 1 FROM model_shadows s, generate_series(1, 5) n`,
      [jobId],
    );
    await client.query(
      `INSERT INTO outcomes (tenant_id, job_id, row_no, model_id, patient_id, scored_on, risk, interrupted, known_on, recorded_by)
       SELECT 1, id, n, model_id, 'p' || n, now(), 0.5, true, now(), 'a' FROM jobs, generate_series(1, 5) n WHERE id = $1`,
      [jobId],
    );
  };

  test('clears inputs, rejections, shadows and outcomes by months of their own, each job once; the scores and the log still hold', async () => {
    await using database = await createTestDatabase();
    const keeper = testLogKeeper(database.as('iit_worker').db);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
      const scored = async (period: string) =>
        (await insertScoredJob(database, { chunks: 2, rowsPerChunk: 5, indexed: true, period })).jobId;
      const [ancient, old, young] = [
        await scored(daysAgo(400)),
        await scored(daysAgo(130)),
        await scored(daysAgo(0)),
      ];
      await client.query(
        `INSERT INTO model_shadows (tenant_id, model_id, started_by) SELECT 1, id, 'a' FROM models LIMIT 1`,
      );
      for (const jobId of [ancient, old, young]) await addBeside(client, jobId);
      await keeper.runOnce();
      const months = { inputs: 3, rejections: 2, shadows: 1, outcomes: 6 };
      const first = await retain(client, { months });
      expect(first.dropped).toEqual([]);
      expect(first.cleared.map(({ kind, jobs, rows }) => [kind, jobs, rows])).toEqual([
        ['inputs', 2, 4],
        ['rejections', 2, 10],
        ['shadows', 2, 10],
        ['outcomes', 1, 5],
      ]);
      const all = { inputs: 2, rejections: 5, shadows: 5, outcomes: 5, predictions: 10 };
      const none = { ...all, inputs: 0, rejections: 0, shadows: 0, outcomes: 0 };
      expect(await counts(client, young)).toEqual(all);
      expect(await counts(client, old)).toEqual({ ...none, outcomes: 5 });
      expect(await counts(client, ancient)).toEqual(none);
      expect((await retain(client, { months })).cleared.map(({ jobs }) => jobs)).toEqual([0, 0, 0, 0]);
      await keeper.runOnce();
      const found = await verifyAudit(database, {}, { checkpoints: keeper.sink.kept, rescore: true });
      expect(found).toMatchObject({ rows: 30, problems: [] });
      const { rows: events } = await client.query<{ kind: string }>(
        `SELECT details ->> 'kind' AS kind FROM audit_events WHERE action = 'retention.clear'`,
      );
      expect(events.map(({ kind }) => kind).toSorted()).toEqual(CLEARED.map(({ kind }) => kind).toSorted());
    } finally {
      await client.end();
    }
  });

  test('keeps nothing beside the scores longer than the scores, and refuses times that are too short', async () => {
    await using database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      const { cleared } = await retain(client, { auditMonths: 24, months: { outcomes: 60, inputs: 3 } });
      const [inputs, rejections, , outcomes] = cleared.map(({ before }) => before);
      expect(outcomes).toBe(rejections);
      expect(inputs! > outcomes!).toBe(true);
      for (const { kind, leastMonths } of CLEARED) {
        for (const months of [leastMonths - 1, NaN, leastMonths + 0.5]) {
          await expect(retain(client, { months: { [kind]: months } })).rejects.toThrow(OperatorError);
        }
      }
    } finally {
      await client.end();
    }
  });
});
