import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { parseAllDocuments } from 'yaml';
import { adapterRule } from './adapter-rule.ts';
import { HpaController, hpaSettings, SYNC_SECONDS, type HpaSettings } from './hpa.ts';
import { startLocalPrometheus } from './local-prometheus.ts';
import { type LocalStack, type LocalWorker, startLocalStack } from '#dev/stack/local-stack.ts';
import { sampleCohort, type SampleCohort } from './sample-cohort.ts';
import { skipWithout } from './tools.ts';

const USAGE = `npm run autoscale:local -- [--rows 2000000] [--explain 3] [--max 4] [--speed 10] [--without-baseline]

Real PostgreSQL, Redis, api, workers and Prometheus. The HPA's formula is a port (a simulation of the controller),
fed by the shipped adapter query and the shipped HPA manifest; it starts and stops real worker processes.
--speed divides the HPA's periods (sync, windows, policies), so that the way down does not take a quarter of an hour.`;

type Count = { atSeconds: number; workers: number; outstanding: number };

const NAMESPACE = 'iit-ml-service';
const BLOCK_ROWS = 50_000;
const TRICKLE_ROWS = 50_000;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    explain: { type: 'string', default: '3' },
    max: { type: 'string', default: '4' },
    speed: { type: 'string', default: '10' },
    'without-baseline': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(`${USAGE}\n`);
else if (!skipWithout('prometheus')) await main();

async function main(): Promise<void> {
  const rows = Number(values.rows);
  const speed = Number(values.speed);
  const shipped = hpaSettings(
    parseAllDocuments(readFileSync('k8s/base/autoscaling.yaml', 'utf8'))
      .map((document) => document.toJS() as { metadata: { name: string } })
      .find((manifest) => manifest.metadata.name === 'iit-worker'),
  );
  const settings = {
    ...faster(shipped, speed),
    maxReplicas: Math.min(shipped.maxReplicas, Number(values.max)),
  };
  const cohort = await sampleCohort(BLOCK_ROWS);
  await using stack = await startLocalStack({
    database: 'autoscale',
    environment: { SCORING_THREADS: '1', CHUNKS_IN_FLIGHT: '3', SHUTDOWN_SECONDS: '60' },
  });
  const api = await stack.startApi();
  const client = new Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    const baseline = values['without-baseline']
      ? undefined
      : await drainWithOne(stack, api.url, client, cohort, rows);
    const scaled = await drainWithAutoscaler(stack, api, client, cohort, rows, settings, speed);
    const lost = await missing(client);
    say(`Lost or doubled: ${lost}`);
    const result = {
      rows,
      explain: Number(values.explain),
      speed,
      baselineSeconds: baseline,
      ...scaled,
      lost,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    if (lost !== 0 || scaled.peak < 2 || scaled.last !== 1 || scaled.unclean > 0) process.exitCode = 1;
  } finally {
    await client.end();
  }
}

/** All periods divided; counts and values as shipped. */
function faster(settings: HpaSettings, speed: number): HpaSettings {
  const rules = (original: HpaSettings['scaleUp']) => ({
    ...original,
    stabilizationWindowSeconds: original.stabilizationWindowSeconds / speed,
    policies: original.policies.map((policy) => ({ ...policy, periodSeconds: policy.periodSeconds / speed })),
  });
  return { ...settings, scaleUp: rules(settings.scaleUp), scaleDown: rules(settings.scaleDown) };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function submit(stack: LocalStack, apiUrl: string, cohort: SampleCohort, rows: number): Promise<void> {
  const answer = await fetch(`${apiUrl}/v1/jobs?explain=${values.explain}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'text/csv' },
    body: cohort.body(rows),
    duplex: 'half',
  });
  if (answer.status !== 202) throw new Error(`The api answers ${answer.status}: ${await answer.text()}`);
  await answer.body?.cancel();
}

async function outstanding(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM chunks WHERE state IN ('pending', 'leased')`,
  );
  return rows[0]?.count ?? 0;
}

async function drainWithOne(
  stack: LocalStack,
  apiUrl: string,
  client: Client,
  cohort: SampleCohort,
  rows: number,
): Promise<number> {
  await submit(stack, apiUrl, cohort, rows);
  say(`Backlog of ${rows} rows, ${await outstanding(client)} chunks; one worker`);
  const began = performance.now();
  const worker = await stack.startWorker();
  while ((await outstanding(client)) > 0) await pause(200);
  const seconds = round((performance.now() - began) / 1_000);
  say(`One worker drained it in ${seconds} s`);
  await worker.stop();
  await client.query('CHECKPOINT');
  return seconds;
}

async function drainWithAutoscaler(
  stack: LocalStack,
  api: { url: string; port: number },
  client: Client,
  cohort: SampleCohort,
  rows: number,
  settings: HpaSettings,
  speed: number,
) {
  const rule = adapterRule(readFileSync('k8s/adapter/values.yaml', 'utf8'), 'iit_outstanding_chunks');
  const expression = rule.query({ namespace: NAMESPACE });
  await using prometheus = await startLocalPrometheus({
    targets: { 'iit-api': [`127.0.0.1:${api.port}`] },
    labels: { namespace: NAMESPACE },
    scrapeIntervalMs: Math.max(500, 15_000 / speed),
  });
  await submit(stack, api.url, cohort, rows);
  say(
    `Backlog of ${rows} rows, ${await outstanding(client)} chunks; 1 worker and the autoscaler, at most ${settings.maxReplicas}`,
  );
  say(`Prometheus is asked: ${expression}`);

  const controller = new HpaController(settings);
  const workers: LocalWorker[] = [await stack.startWorker()];
  const began = performance.now();
  const since = () => (performance.now() - began) / 1_000;
  const counts: Count[] = [];
  const stops: Promise<boolean>[] = [];
  let drainedSeconds: number | undefined;
  let trickled = 0;
  const trickle: Promise<void>[] = [];

  for (;;) {
    const left = await outstanding(client);
    if (left === 0 && trickled === 0 && drainedSeconds === undefined) {
      drainedSeconds = round(since());
      say(
        `${drainedSeconds} s: drained with ${workers.length} workers; small jobs keep them busy on the way down`,
      );
    }
    // Workers are stopped while they work: a small job whenever the last one is nearly done.
    if (drainedSeconds !== undefined && workers.length > 1 && left < workers.length) {
      trickled++;
      trickle.push(submit(stack, api.url, cohort, TRICKLE_ROWS));
      await trickle.at(-1);
    }
    const usage = await prometheus.query(expression);
    const wanted = controller.reconcile(since(), workers.length, usage);
    if (wanted !== workers.length)
      say(`${round(since())} s: ${workers.length} → ${wanted} workers (${usage} chunks)`);
    while (workers.length < wanted) workers.push(await stack.startWorker());
    // The newest goes first, as a ReplicaSet does.
    while (workers.length > wanted) {
      const stopped = workers.pop();
      if (stopped !== undefined) stops.push(stopped.stop());
    }
    counts.push({ atSeconds: round(since()), workers: workers.length, outstanding: usage ?? -1 });
    if (drainedSeconds !== undefined && workers.length === settings.minReplicas && left === 0) break;
    await pause((SYNC_SECONDS * 1_000) / speed);
  }
  const clean = await Promise.all(stops);
  for (const worker of workers) await worker.stop();
  return {
    autoscaledSeconds: drainedSeconds,
    peak: Math.max(...counts.map((count) => count.workers)),
    last: counts.at(-1)?.workers ?? 0,
    stoppedWhileBusyJobs: trickled,
    stopped: clean.length,
    unclean: clean.filter((ended) => !ended).length,
    totalSeconds: round(since()),
  };
}

/** Rows of ended jobs that lack a prediction or an audit record, or have one too many; and jobs not completed. */
async function missing(client: Client): Promise<number> {
  const { rows } = await client.query<{ faults: number }>(
    `SELECT (
       (SELECT coalesce(sum(abs(rows_accepted - rows_scored)), 0) FROM jobs)
     + (SELECT abs((SELECT sum(rows_accepted) FROM jobs) - (SELECT count(*) FROM predictions)))
     + (SELECT abs((SELECT sum(rows_accepted) FROM jobs) - (SELECT count(*) FROM audit_log)))
     + (SELECT count(*) FROM jobs WHERE status <> 'completed')
     )::int AS faults`,
  );
  return rows[0]?.faults ?? -1;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
