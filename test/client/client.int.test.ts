import { execFile } from 'node:child_process';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerShippedModel } from '#shared/models/store.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { ApiError, ConnectionError, IitClient } from '#client/index.ts';

const run = promisify(execFile);
const ROWS = 250;
const QUICK = { firstDelayMs: 5, attempts: 4 };

let api: TestApi;
let worker: ServiceProcess;
let key: string;
let cohort: Buffer;
let folder: string;
let file: string;

beforeAll(async () => {
  api = await startTestApi();
  await registerShippedModel(api.database.db, 'models/iit_lightgbm_model.txt');
  const queueUrl = api.database.url;
  worker = await startService({ service: 'worker', databaseUrl: queueUrl, queueUrl });
  key = await api.key(['submit', 'read', 'audit', 'admin']);
  const { stdout } = await run(process.execPath, ['models/synthetic/main.ts', '--rows', String(ROWS)], {
    maxBuffer: 64 * 1024 ** 2,
  });
  cohort = Buffer.from(stdout);
  folder = await mkdtemp(path.join(tmpdir(), 'iit-client-'));
  file = path.join(folder, 'cohort.csv');
  await writeFile(file, cohort);
});
afterAll(async () => {
  await worker.stop();
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What stands between a client and the service, and fails as it is told; `undefined` lets a request through. */
type Fault = 'cut before' | 'cut after' | 503 | undefined;

/** Hands requests on to the api but for the faults, which it takes in turn. */
async function startProxy(
  faults: Fault[],
): Promise<{ url: string; asked: () => number; stop: () => Promise<void> }> {
  let asked = 0;
  const server: Server = createServer((incoming, outgoing) => {
    asked++;
    const fault = faults.shift();
    if (fault === 'cut before') {
      incoming.socket.destroy();
      return;
    }
    if (fault === 503) {
      incoming.resume();
      outgoing.writeHead(503, { 'retry-after': '0' }).end('busy');
      return;
    }
    const onward = httpRequest(
      api.url + (incoming.url ?? ''),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (fault === 'cut after') {
          answer.resume().once('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function throughProxy(
  faults: Fault[],
  work: (client: IitClient, asked: () => number) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(faults);
  try {
    await work(new IitClient({ url: proxy.url, key, retries: QUICK }), proxy.asked);
  } finally {
    await proxy.stop();
  }
}

describe('an upload', () => {
  test('whose answer is lost is sent again and makes one job', async () => {
    await throughProxy(['cut after', 503], async (client, asked) => {
      const { job, isEarlier } = await client.submit(() => cohort, { name: 'lost answer' });
      expect({ isEarlier, asked: asked() }).toEqual({ isEarlier: true, asked: 3 });
      const jobs = await gather(client.jobs({ search: 'lost answer' }));
      expect(jobs.map(({ id }) => id)).toEqual([job.id]);
    });
  });

  test('that is cut on its way begins anew, as a stream too', async () => {
    await throughProxy(['cut before'], async (client) => {
      const { job } = await client.submit(() => pieces(cohort), { name: 'cut on its way' });
      expect(job.rows.received).toBe(ROWS);
    });
  });

  test('that can be read once is tried once', async () => {
    await throughProxy([503], async (client, asked) => {
      const sent = client.submit(() => pieces(cohort), {}, { isRepeatable: false });
      await expect(sent).rejects.toMatchObject({ name: 'ApiError', status: 503, code: 'http_503' });
      expect(asked()).toBe(1);
    });
  });
});

describe('answers', () => {
  test('of a job are followed to its end, and its rows come page after page, each once', async () => {
    const client = new IitClient({ url: api.url, key });
    const { job } = await client.submit(() => cohort, { name: 'paged', explain: 1 });
    const states = await gather(client.watch(job.id));
    expect(states.at(-1)?.status).toBe('completed');
    const rows = await gather(client.results(job.id, { limit: 60, order: 'risk' }));
    expect(new Set(rows.map(({ row }) => row)).size).toBe(ROWS);
    expect(rows.every((row, at) => at === 0 || row.risk <= rows[at - 1]!.risk)).toBe(true);
    const parts = await gather(client.download(`/v1/jobs/${job.id}/results`, { format: 'ndjson' }));
    expect(Buffer.concat(parts).toString().trimEnd().split('\n')).toHaveLength(ROWS);
    const patient = rows[0]!.patient_id;
    const records = await gather(client.auditRecords({ patient_id: patient, limit: 1 }));
    expect(new Set(records.map(({ patient_id: id }) => id))).toEqual(new Set([patient]));
  });

  test('that a read needs are asked for again; what is refused is refused at once, with its code', async () => {
    await throughProxy([503, 'cut before', 'cut after'], async (client, asked) => {
      await gather(client.jobs({ limit: 1, search: 'paged' }));
      expect(asked()).toBe(4);
    });
    await throughProxy([], async (client, asked) => {
      const missing = client.job('00000000-0000-4000-8000-000000000000');
      await expect(missing).rejects.toSatisfy(
        (error) => error instanceof ApiError && error.code === 'not_found' && error.requestId !== undefined,
      );
      expect(asked()).toBe(1);
    });
  });

  test('that never come end with a ConnectionError, or with the caller’s own reason', async () => {
    const client = new IitClient({ url: 'http://127.0.0.1:9', key, retries: { attempts: 1 } });
    await expect(client.job('x')).rejects.toBeInstanceOf(ConnectionError);
    const stopped = new IitClient({ url: api.url, key, signal: AbortSignal.abort(new Error('enough')) });
    await expect(stopped.job('x')).rejects.toThrow('enough');
  });

  test('to a change that may not be done twice are not asked for again', async () => {
    await throughProxy([503], async (client, asked) => {
      const made = client.call((http, fetch) =>
        http.POST('/v1/models/rollback', { params: { query: { reason: 'test' } }, fetch }),
      );
      await expect(made).rejects.toMatchObject({ status: 503 });
      expect(asked()).toBe(1);
    });
  });
});

describe('the examples', () => {
  const env = () => ({ PATH: process.env['PATH'], IIT_API_URL: api.url, IIT_API_KEY: key });

  test('in TypeScript does what it says', async () => {
    const { stdout } = await run(process.execPath, ['client/examples/night.ts', file], { env: env() });
    expect(stdout).toContain(`completed: ${ROWS} scored`);
    expect(stdout).toMatch(/high|medium|low/u);
  });

  test('in Python, with requests alone, does the same', async (context) => {
    const python = await pythonWithRequests();
    if (python === undefined) {
      context.skip('no Python here has requests: pip install -r client/examples/requirements.txt');
      return;
    }
    const { stdout } = await run(python, ['client/examples/night.py', file], { env: env() });
    expect(stdout).toContain(`completed: ${ROWS} scored`);
  });
});

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

async function gather<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function pythonWithRequests(): Promise<string | undefined> {
  for (const python of [process.env['PYTHON'], 'python3']) {
    if (python === undefined) continue;
    const has = await run(python, ['-c', 'import requests']).then(
      () => true,
      () => false,
    );
    if (has) return python;
  }
  return undefined;
}
