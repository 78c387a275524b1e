import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createKey } from '#api/auth/keys.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { installRedis, startRedis } from '#dev/local-services/redis-server.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import type { Polled, Polling } from './poller.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';

/** Of the container that the api is shipped with. */
const CONTAINER_BYTES = 1024 ** 3;
const MOST_P99_MS = 250;

export type Queue = 'redis' | 'postgres';
type Tenant = 'victim' | 'attacker';

export type AttackedStack = AsyncDisposable & {
  readonly url: string;
  readonly db: Db;
  readonly api: ServiceProcess;
  /** A key of a tenant with these scopes. */
  readonly key: (tenant: Tenant, scopes: readonly ApiScope[]) => Promise<string>;
  /** The victim's job, which is polled all the while. */
  readonly jobId: string;
  readonly keys: Readonly<Record<Tenant, string>>;
  readonly watch: () => Watch;
};

/** What the victim sees of its own job, and what the process takes, while others attack. */
export type Watch = {
  /** Polls of the victim, ascending, in ms; answers that were no 200 or 304; the process's most resident bytes. */
  readonly stop: () => Promise<Polled>;
};

export const COLUMNS =
  'patient_id,age,gender,months_on_art,days_to_due,last_days_supply,days_since_last_refill';
export const ROW = ',34,0,24,-3,30,33';

/** A real api with its shipped limits over PostgreSQL, two tenants, one job of the victim's. */
export async function startAttackedStack(queue: Queue): Promise<AttackedStack> {
  await using started = new AsyncDisposableStack();
  if (queue === 'redis') await installRedis();
  const postgres = started.use(await startPostgres({ settings: { fsync: 'off', full_page_writes: 'off' } }));
  const redis = queue === 'redis' ? started.use(await startRedis()) : undefined;
  const databaseUrl = postgres.url('postgres');
  const queueUrl = redis?.url() ?? databaseUrl;
  await prepareDatabase({ databaseUrl, queueUrl });
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'attacks',
    poolSize: 3,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
  });
  const db = createDatabase(pool);
  started.defer(() => db.destroy());
  await registerShippedModel(db, 'models/iit_lightgbm_model.txt');
  await db
    .insertInto('tenants')
    .values([{ name: 'victim' }, { name: 'attacker' }])
    .execute();
  await registerShippedModel(db, 'models/iit_lightgbm_model.txt');
  let made = 0;
  const key: AttackedStack['key'] = async (tenant, scopes) =>
    (
      await createKey(
        { db, recordEvent, operator: 'attacks' },
        { tenant, name: `key-${++made}`, scopes, expiresAt: undefined },
      )
    ).key;
  const all = ['submit', 'read', 'audit', 'admin'] as const;
  const keys = { victim: await key('victim', all), attacker: await key('attacker', all) };
  const api = started.use(
    await startService({ service: 'api', databaseUrl, queueUrl, env: { TRUST_PROXY_HOPS: 1 } }),
  );
  const submitted = await fetch(`${api.url}/v1/jobs?ignore_unknown=true&explain=0`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.victim}`, 'content-type': 'text/csv' },
    body: `${COLUMNS}\nV-1${ROW}\n`,
  });
  const { id: jobId } = (await submitted.json()) as { id: string };
  const running = started.move();
  return {
    url: api.url,
    db,
    api,
    key,
    jobId,
    keys,
    watch: () => watch(api, `${api.url}/v1/jobs/${jobId}`, keys.victim),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function watch(api: ServiceProcess, url: string, key: string): Watch {
  const worker = new Worker(new URL('poller.ts', import.meta.url), {
    workerData: { url, key, pid: api.pid } satisfies Polling,
  });
  return {
    stop: async () => {
      const polled = once(worker, 'message') as Promise<[Polled]>;
      worker.postMessage('stop');
      return (await polled)[0];
    },
  };
}

function p99Of({ timesMs }: Pick<Polled, 'timesMs'>): number {
  return timesMs[Math.floor(timesMs.length * 0.99)] ?? 0;
}

/** What must hold of the victim while all of it goes on: polls within 250 ms at p99, no 5xx, and no more memory than the container has. */
export function harm(seen: Polled): string[] {
  const p99 = p99Of(seen);
  return [
    ...(p99 > MOST_P99_MS ? [`the victim's polls took ${Math.round(p99)} ms at p99`] : []),
    ...(seen.bad.length > 0 ? [`the victim was answered ${seen.bad.join(', ')}`] : []),
    ...(seen.peakBytes > CONTAINER_BYTES ? [`the api held ${Math.round(seen.peakBytes / 1e6)} MB`] : []),
  ];
}
