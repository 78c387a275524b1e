import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleCohort } from '#deploy/checks/sample-cohort.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { loadConfig } from '#shared/config/config.ts';
import { createLogger } from '#shared/log/logger.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { type RunningWorker, startWorker } from '#workers/worker.ts';

/**
 * What a later release may do to the schema while this one runs (expand): columns that may be empty or have a
 * default, a table, an index, and its name in the list of migrations.
 */
const EXPANSION = `
ALTER TABLE jobs ADD COLUMN later_note text, ADD COLUMN later_flag boolean NOT NULL DEFAULT false;
ALTER TABLE chunks ADD COLUMN later_weight real;
ALTER TABLE score_blocks ADD COLUMN later_score double precision;
ALTER TABLE online_rows ADD COLUMN later_purpose text NOT NULL DEFAULT 'care';
CREATE TABLE later_things (id integer PRIMARY KEY);
CREATE INDEX later_index ON jobs (later_note);
INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', now()::text);
`;

describe('a roll-out: this release with the schema of the next', () => {
  let api: TestApi;
  let worker: RunningWorker | undefined;

  beforeAll(async () => {
    api = await startTestApi();
    await registerShippedModel(api.database.db, 'models/iit_lightgbm_model.txt');
    const config = loadConfig({
      DATABASE_URL: api.database.url,
      HOST: '127.0.0.1',
      WORKER_PORT: '0',
      LOG_LEVEL: 'silent',
      SCORING_THREADS: '1',
    });
    worker = await startWorker({ config, log: createLogger('test', config.LOG_LEVEL), clock: systemClock });
  });

  afterAll(async () => {
    await worker?.stop();
    await api?.stop();
  });

  const score = async (): Promise<Record<string, unknown>> => {
    const cohort = await sampleCohort(500);
    const submitted = await api.json('/v1/jobs', {
      method: 'POST',
      status: 202,
      headers: { 'content-type': 'text/csv' },
      body: cohort.body(500),
    });
    return await api.json(`/v1/jobs/${String(submitted['id'])}`, { headers: { prefer: 'wait=30' } });
  };

  test('the old api stays ready, and the old worker scores and audits on', async () => {
    expect(await score()).toMatchObject({ status: 'completed' });
    await api.database.pool.query(EXPANSION);
    const ready = await api.call('/health/ready');
    expect(ready.status).toBe(200);
    expect(await score()).toMatchObject({ status: 'completed', rows: { accepted: 500, scored: 500 } });
    await api.database.db.selectFrom('audit_log').select('row_no').limit(1).executeTakeFirstOrThrow();
  });
});
