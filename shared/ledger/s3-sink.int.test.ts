import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canRunMoto, type LocalS3, startLocalS3 } from '#deploy/checks/local-s3.ts';
import { createLogger } from '#shared/log/logger.ts';
import { type CheckpointSink, openSinks } from './checkpoint-sinks.ts';
import { signCheckpoint } from './checkpoint.ts';
import { createSigner, newCheckpointKey } from './signed-note.ts';

const signer = createSigner('iit.example.org/log', newCheckpointKey());
const checkpointOf = (size: number, root = size) =>
  signCheckpoint(signer, { size, root: Buffer.alloc(32, root) });
const OTHER_ORIGIN = createSigner('iit.example.org/log-2', newCheckpointKey());
const BUCKET = 'checkpoints';
const DAY_MS = 86_400_000;

const before = { ...process.env };
afterAll(() => {
  process.env = before;
});

function sinkOf(query = ''): CheckpointSink {
  const [sink] = openSinks(`s3://${BUCKET}/log?path_style=1${query}`, createLogger('test', 'silent'));
  return sink!;
}

/** What every store has to do, whoever made it. */
async function expectStoreKeeps(sink: CheckpointSink): Promise<void> {
  expect(await sink.newest(signer.name)).toBeUndefined();
  const [nine, ten, hundred] = [9, 10, 100].map((size) => checkpointOf(size));
  for (const one of [ten!, nine!, hundred!]) await sink.put(one);
  await sink.put(ten!);
  expect(await sink.newest(signer.name)).toBe(hundred!.note);
  await expect(sink.put(checkpointOf(10, 1))).rejects.toThrow('two logs go by one name');
  expect(await sink.newest(OTHER_ORIGIN.name)).toBeUndefined();
  const another = signCheckpoint(OTHER_ORIGIN, { size: 5, root: Buffer.alloc(32) });
  await sink.put(another);
  expect(await sink.newest(OTHER_ORIGIN.name)).toBe(another.note);
  expect(await sink.newest(signer.name)).toBe(hundred!.note);
}

describe.skipIf(!canRunMoto())('an S3 that is not ours (moto; npm run setup:deploy-tools)', () => {
  let s3: LocalS3;
  let client: S3Client;
  beforeAll(async () => {
    s3 = await startLocalS3('unused');
    Object.assign(process.env, s3.environment);
    client = new S3Client({ forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  }, 90_000);
  afterAll(async () => {
    client.destroy();
    await s3[Symbol.asyncDispose]();
  });

  test('keeps checkpoints, knows the largest, and takes no second log under one name; each is locked and cannot be deleted', async () => {
    await expectStoreKeeps(sinkOf('&lock_days=30'));
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
    expect(Versions).toHaveLength(4);
    for (const { Key, VersionId } of Versions) {
      const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
      expect(head.ObjectLockMode).toBe('COMPLIANCE');
      const days = (Number(head.ObjectLockRetainUntilDate) - Date.now()) / DAY_MS;
      expect(days).toBeGreaterThan(29.9);
      expect(days).toBeLessThan(30.1);
      await expect(
        client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId })),
      ).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });
});

/** The three calls of the sink as Amazon describes them, over HTTP; `fails` answers so many of the next requests with a status. */
class SmallS3 {
  readonly objects = new Map<string, { body: string; headers: IncomingMessage['headers'] }>();
  readonly requests: string[] = [];
  fails = { count: 0, status: 503 };
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        ({ status, body }) => response.writeHead(status, { 'content-type': 'application/xml' }).end(body),
        () => response.destroy(),
      );
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    if (this.#server !== undefined) await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const url = new URL(request.url ?? '', 'http://store');
    const key = decodeURIComponent(url.pathname.slice(BUCKET.length + 2));
    const sent = (await buffer(request)).toString();
    this.requests.push(`${request.method} ${key}`);
    if (this.fails.count > 0) {
      this.fails.count--;
      return failure(this.fails.status, this.fails.status === 403 ? 'AccessDenied' : 'SlowDown');
    }
    if (request.method === 'PUT') {
      if (request.headers['if-none-match'] === '*' && this.objects.has(key))
        return failure(412, 'PreconditionFailed');
      this.objects.set(key, { body: sent, headers: request.headers });
      return { status: 200, body: '' };
    }
    if (url.searchParams.get('list-type') === '2') return this.#list(url.searchParams);
    const found = this.objects.get(key);
    return found === undefined ? failure(404, 'NoSuchKey') : { status: 200, body: found.body };
  }

  #list(query: URLSearchParams): { status: number; body: string } {
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? ''))
      .toSorted();
    const page = keys.slice(0, Number(query.get('max-keys') ?? 1_000));
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
    return { status: 200, body: `<ListBucketResult>${contents}</ListBucketResult>` };
  }
}

function failure(status: number, code: string): { status: number; body: string } {
  return { status, body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>` };
}

describe('the calls that a store gets', () => {
  let store: SmallS3;
  beforeEach(async () => {
    store = new SmallS3();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: await store.start(),
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REGION: 'us-east-1',
    });
  });
  afterEach(() => store.stop());

  test('keep what was there: no object is put without the condition that none is there', async () => {
    await expectStoreKeeps(sinkOf());
    for (const { body, headers } of store.objects.values()) {
      expect(headers['if-none-match']).toBe('*');
      expect(headers['x-amz-object-lock-mode']).toBeUndefined();
      expect(body).toContain('— iit.example.org/log');
    }
    await sinkOf('&lock_days=7').put(checkpointOf(101));
    const newest = [...store.objects].find(([key]) => key.endsWith('-101.txt'));
    expect(newest?.[0]).toMatch(/^log\/iit\.example\.org%2Flog\/\d{17}-101\.txt$/u);
    expect(newest?.[1].headers['x-amz-object-lock-mode']).toBe('COMPLIANCE');
  });

  test('are tried again by a store that throttles, and fail by name where it refuses or is not there', async () => {
    const sink = sinkOf();
    store.fails = { count: 1, status: 503 };
    await sink.put(checkpointOf(1));
    expect(store.objects.size).toBe(1);
    store.fails = { count: 99, status: 403 };
    await expect(sink.put(checkpointOf(2))).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(sink.newest(signer.name)).rejects.toMatchObject({ name: 'AccessDenied' });
    store.fails = { count: 0, status: 503 };
    expect(await sink.newest(signer.name)).toBe(checkpointOf(1).note);
    await store.stop();
    await expect(sink.put(checkpointOf(3))).rejects.toThrow(/ECONNREFUSED|socket hang up|ECONNRESET/u);
    await store.start();
  });

  test('read one name however many checkpoints there are', async () => {
    const sink = sinkOf();
    for (const size of [1, 2, 3]) await sink.put(checkpointOf(size));
    store.requests.length = 0;
    await sink.newest(signer.name);
    expect(store.requests).toHaveLength(2);
  });
});
