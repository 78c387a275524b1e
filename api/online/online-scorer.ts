import type { Pool } from 'pg';
import { isServerFailure } from '#shared/db/database-failure.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { DatabaseClock } from './database-clock.ts';
import { commitRuns, newRunId, type Run } from './audit-group.ts';
import type { OnlineModel } from './online-model.ts';
import type { OnlineRows } from './row-reader.ts';

/** Who asks: of a principal, what the audit keeps. */
export type Asker = { keyId: string; actor: string; tenantId: number };

/** Scores of one request's rows, audited. Arrays by row; reasons `rows × k`, the weightiest first. */
export type OnlineAnswer = {
  runId: string;
  /** Number of the request's first row in its run. */
  firstRow: number;
  risks: Float64Array;
  tiers: Uint8Array;
  reasons: { k: number; features: Int32Array; contributions: Float64Array } | undefined;
};

export type OnlineScorer = AsyncDisposable & {
  /** Rows that wait for their group. */
  readonly waitingRows: number;
  /**
   * Scores and audits; resolves once the audit is committed. Throws `overloaded` at once when too many rows wait,
   * `scoring_failed`, and the database's own failures.
   */
  score: (asker: Asker, model: OnlineModel, rows: OnlineRows, explain: number) => Promise<OnlineAnswer>;
  /** Lets the groups that are open end; later requests are refused. */
  stop: () => Promise<void>;
};

export type OnlineScorerOptions = {
  /** Its own, of `groupsAtOnce` connections: a slow listing must not keep patients waiting. */
  pool: Pool;
  maxWaitingRows: number;
  onInference: (seconds: number) => void;
  maxGroupRows?: number;
  groupsAtOnce?: number;
};

type Waiting = {
  asker: Asker;
  model: OnlineModel;
  rows: OnlineRows;
  explain: number;
  resolve: (answer: OnlineAnswer) => void;
  reject: (error: unknown) => void;
};

const RETRY_AFTER_SECONDS = 1;

/**
 * Group commit: requests that arrive while a transaction is under way are scored and audited together in the next.
 * The busier the service, the larger the groups, and the cheaper each request.
 */
export function createOnlineScorer(options: OnlineScorerOptions): OnlineScorer {
  const { pool, maxWaitingRows, onInference, maxGroupRows = 1_000, groupsAtOnce = 2 } = options;
  const clock = new DatabaseClock(pool);
  let waiting: Waiting[] = [];
  let waitingRows = 0;
  let openGroups = 0;
  let scheduled = false;
  let stopping = false;
  let whenIdle: (() => void) | undefined;

  const take = (): Waiting[] => {
    let rows = 0;
    let count = 0;
    while (
      count < waiting.length &&
      (count === 0 || rows + waiting[count]!.rows.patientIds.length <= maxGroupRows)
    ) {
      rows += waiting[count++]!.rows.patientIds.length;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingRows -= rows;
    return group;
  };
  const pump = () => {
    scheduled = false;
    while (openGroups < groupsAtOnce && waiting.length > 0) {
      openGroups++;
      void commitGroup(pool, clock, take(), onInference).finally(() => {
        openGroups--;
        if (waiting.length > 0) schedule();
        else if (openGroups === 0) whenIdle?.();
      });
    }
  };
  // Requests whose bytes lie in the kernel already are read before the group closes.
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  };
  const stop = async () => {
    stopping = true;
    if (openGroups === 0 && waiting.length === 0) return;
    await new Promise<void>((resolve) => (whenIdle = resolve));
  };
  return {
    get waitingRows() {
      return waitingRows;
    },
    score: async (asker, model, rows, explain) =>
      await new Promise((resolve, reject) => {
        if (stopping || waitingRows + rows.patientIds.length > maxWaitingRows) {
          reject(
            new ServiceError('overloaded', 'Too many predictions wait to be audited; try again.', {
              retryable: true,
              retryAfterSeconds: RETRY_AFTER_SECONDS,
            }),
          );
          return;
        }
        waitingRows += rows.patientIds.length;
        waiting.push({ asker, model, rows, explain, resolve, reject });
        if (openGroups < groupsAtOnce) schedule();
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Never rejects: each request learns its own fate. */
async function commitGroup(
  pool: Pool,
  clock: DatabaseClock,
  group: Waiting[],
  onInference: (seconds: number) => void,
): Promise<void> {
  const runs: { requests: Waiting[]; run: Run; answers: OnlineAnswer[] }[] = [];
  for (const requests of byRun(group)) {
    try {
      runs.push({ requests, ...scoreRun(requests, onInference) });
    } catch (error) {
      const failure = new ServiceError('scoring_failed', 'The engine refused the rows.', { cause: error });
      for (const { reject } of requests) reject(failure);
    }
  }
  if (runs.length === 0) return;
  try {
    await commitRuns(
      pool,
      clock,
      runs.map(({ run }) => run),
    );
  } catch (error) {
    if (isServerFailure(error) || group.length === 1) {
      for (const { requests } of runs) for (const { reject } of requests) reject(error);
    } else await commitSingly(pool, clock, runs, onInference);
    return;
  }
  for (const { requests, answers } of runs) {
    for (const [i, { resolve }] of requests.entries()) resolve(answers[i]!);
  }
}

/** One of them is to blame, and only it shall fail: each request again, by itself. */
async function commitSingly(
  pool: Pool,
  clock: DatabaseClock,
  runs: readonly { requests: Waiting[] }[],
  onInference: (seconds: number) => void,
): Promise<void> {
  for (const { requests } of runs) {
    for (const request of requests) await commitGroup(pool, clock, [request], onInference);
  }
}

function byRun(group: readonly Waiting[]): Waiting[][] {
  const runs = new Map<string, Waiting[]>();
  for (const request of group) {
    const key = `${request.asker.keyId} ${request.model.sha256}`;
    const run = runs.get(key);
    if (run === undefined) runs.set(key, [request]);
    else run.push(request);
  }
  return [...runs.values()];
}

function scoreRun(requests: readonly Waiting[], onInference: (seconds: number) => void) {
  const { asker, model } = requests[0]!;
  const { engine, tierOf } = model;
  const { featureCount } = engine;
  const rowCount = requests.reduce((sum, request) => sum + request.rows.patientIds.length, 0);
  const values = requests.length === 1 ? requests[0]!.rows.values : new Float64Array(rowCount * featureCount);
  const patientIds: string[] = [];
  const explained: { request: number; row: number; rows: OnlineRows; k: number }[] = [];
  for (const [request, { rows, explain }] of requests.entries()) {
    const row = patientIds.length;
    if (values !== rows.values) values.set(rows.values, row * featureCount);
    for (const id of rows.patientIds) patientIds.push(id);
    if (explain > 0) explained.push({ request, row, rows, k: Math.min(explain, featureCount) });
  }

  const startedMs = performance.now();
  const rawScores = engine.predict(values, { raw: true });
  const risks = engine.predict(values);
  const reasons = explain(model, values, explained);
  onInference((performance.now() - startedMs) / 1_000);

  const tiers = new Uint8Array(rowCount);
  const runId = newRunId();
  let row = 0;
  const answers = requests.map(({ rows }, request): OnlineAnswer => {
    const first = row;
    for (const facilityId of rows.facilityIds) {
      tiers[row] = tierOf(risks[row]!, facilityId);
      row++;
    }
    return {
      runId,
      firstRow: first + 1,
      risks: risks.subarray(first, row),
      tiers: tiers.subarray(first, row),
      reasons: reasons.get(request),
    };
  });
  const run: Run = {
    runId,
    tenantId: asker.tenantId,
    apiKeyId: asker.keyId,
    actor: asker.actor,
    modelVersion: model.version,
    modelSha256: model.sha256Bytes,
    patientIds,
    values,
    featureCount,
    rawScores,
    risks,
    tiers,
  };
  return { run, answers };
}

/** One call of the explainer for all rows that want reasons; a request keeps the first k of them. */
function explain(
  model: OnlineModel,
  values: Float64Array,
  wanted: readonly { request: number; row: number; rows: OnlineRows; k: number }[],
): Map<number, OnlineAnswer['reasons']> {
  const out = new Map<number, OnlineAnswer['reasons']>();
  if (wanted.length === 0) return out;
  const { engine } = model;
  const { featureCount } = engine;
  const widest = Math.max(...wanted.map(({ k }) => k));
  const rowCount = wanted.reduce((sum, { rows }) => sum + rows.patientIds.length, 0);
  const gathered = new Float64Array(rowCount * featureCount);
  let at = 0;
  for (const { row, rows } of wanted) {
    const count = rows.patientIds.length;
    gathered.set(values.subarray(row * featureCount, (row + count) * featureCount), at * featureCount);
    at += count;
  }
  const top = engine.topReasons(gathered, { k: widest });
  at = 0;
  for (const { request, rows, k } of wanted) {
    const count = rows.patientIds.length;
    const features = new Int32Array(count * k);
    const contributions = new Float64Array(count * k);
    for (let row = 0; row < count; row++) {
      const start = (at + row) * widest;
      features.set(top.features.subarray(start, start + k), row * k);
      contributions.set(top.contributions.subarray(start, start + k), row * k);
    }
    out.set(request, { k, features, contributions });
    at += count;
  }
  return out;
}
