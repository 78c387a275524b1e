import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipWithout } from '#deploy/checks/tools.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { loadConfig } from '#shared/config/config.ts';
import { createLogger } from '#shared/log/logger.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { startWorker, type RunningWorker } from '#workers/worker.ts';
import { family, rules, wantedMetrics } from './monitoring-files.ts';

describe('the live /metrics of api and worker', () => {
  let api: TestApi;
  let worker: RunningWorker;
  const texts = new Map<string, string>();

  beforeAll(async () => {
    api = await startTestApi();
    const config = loadConfig({
      DATABASE_URL: api.database.url,
      HOST: '127.0.0.1',
      WORKER_PORT: '0',
      LOG_LEVEL: 'silent',
      SCORING_THREADS: '1',
    });
    worker = await startWorker({ config, log: createLogger('test', config.LOG_LEVEL), clock: systemClock });
    await api.call('/health');
    for (const [process, url] of [
      ['api', `${api.url}/metrics`],
      ['worker', `http://127.0.0.1:${worker.port}/metrics`],
    ] as const) {
      const answer = await fetch(url);
      texts.set(process, await answer.text());
    }
  });

  afterAll(async () => {
    await worker?.stop();
    await api?.stop();
  });

  test('have every metric that a rule, the dashboard or the autoscaler reads', () => {
    const live = new Set(
      [...texts.values()].flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gmu)].map((match) => match[1])),
    );
    const missing = wantedMetrics().filter((name) => !live.has(name) && !live.has(family(name)));
    expect(missing).toEqual([]);
  });

  test('have the depth of the queue for both states from the first scrape, at zero', () => {
    expect(texts.get('api')).toMatch(/^iit_queue_depth\{queue="[\w-]+",state="pending"\} 0$/mu);
    expect(texts.get('api')).toMatch(/^iit_queue_depth\{queue="[\w-]+",state="leased"\} 0$/mu);
  });

  test('have a bucket at the limit that the deadline of jobs is measured by', () => {
    const rule = rules('recording-rules.yml').find((r) => r.record?.includes('jobs_in_deadline'));
    const limit = /le="(\d+)"/u.exec(rule?.expr ?? '')?.[1] ?? 'none';
    expect(texts.get('worker')).toContain(`iit_job_duration_seconds_bucket{le="${limit}"`);
  });

  test('have no label that grows without bounds', () => {
    const labels = [...texts.values()].flatMap((text) =>
      [...text.matchAll(/[{,](\w+)="/gu)].map((match) => match[1] ?? ''),
    );
    const allowed =
      /^(queue|state|le|method|route|status|code|outcome|feature|version|major|minor|patch|kind|type|space|quantile|result|model|source|priority)$/u;
    expect([...new Set(labels)].filter((label) => !allowed.test(label))).toEqual([]);
  });

  test.skipIf(skipWithout('promtool'))('pass promtool check metrics on both processes', () => {
    const complaints = [...texts].flatMap(([process, text]) => {
      const done = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      const lines = `${done.stdout}${done.stderr}`.split('\n');
      // prom-client's own metrics of Node are not ours to rename.
      return lines
        .filter((line) => line !== '' && !/^(nodejs|process)_/u.test(line))
        .map((l) => `${process}: ${l}`);
    });
    expect(complaints).toEqual([]);
  });
});
