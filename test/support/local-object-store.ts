import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import S3rver from 's3rver';

/** What becomes of a request: `throttle` is answered for the store, `tear` gets half of the answer's body. */
type Fault = 'throttle' | 'tear' | undefined;

/** A local S3 (s3rver) with one bucket, behind a door at which requests can be made to fail. */
export type LocalObjectStore = AsyncDisposable & {
  readonly bucket: string;
  /** By which a process finds it and may use it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly put: (key: string, bytes: Uint8Array | string) => Promise<void>;
  readonly get: (key: string) => Promise<Buffer>;
  readonly keys: (prefix: string) => Promise<string[]>;
  /** Asked for each request of a service, before it reaches the store. */
  faults: (method: string, key: string) => Fault | Promise<Fault>;
  /** `METHOD key` of each request of a service. */
  readonly requests: string[];
};

const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const THROTTLED =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>';

export async function startLocalObjectStore(bucket: string): Promise<LocalObjectStore> {
  const directory = mkdtempSync(path.join(tmpdir(), 'iit-s3-'));
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  const door = createServer(
    (incoming, outgoing) => void pass(incoming, outgoing).catch(() => outgoing.destroy()),
  );
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: CREDENTIALS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });

  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const method = incoming.method ?? '';
    const key = decodeURIComponent((incoming.url ?? '').split('?')[0]!).slice(bucket.length + 2);
    store.requests.push(`${method} ${key}`);
    const fault = await store.faults(method, key);
    if (fault === 'throttle') {
      incoming.resume();
      outgoing.writeHead(503, { 'content-type': 'application/xml' }).end(THROTTLED);
      return;
    }
    const { url, headers } = incoming;
    const asked = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      if (fault !== 'tear') {
        answer.pipe(outgoing);
        return;
      }
      const half = Number(answer.headers['content-length'] ?? 0) >> 1;
      answer.once('data', (bytes: Buffer) => {
        outgoing.write(bytes.subarray(0, half), () => outgoing.destroy());
        answer.destroy();
      });
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  };

  const store: LocalObjectStore = {
    bucket,
    requests: [],
    faults: () => undefined,
    environment: {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_REGION: 'us-east-1',
      OBJECT_STORE_PATH_STYLE: 'on',
      OBJECT_STORE_ALLOW: `default=${bucket}/in,default=${bucket}/out`,
    },
    put: async (key, bytes) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
    },
    get: async (key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    keys: async (prefix) => {
      const keys: string[] = [];
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }))
        keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
      return keys;
    },
    [Symbol.asyncDispose]: async () => {
      door.closeAllConnections();
      await new Promise((resolve) => door.close(resolve));
      client.destroy();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return store;
}
