import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Logger } from '#shared/log/logger.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Where checkpoints are kept outside the database. */
export type CheckpointSink = {
  readonly uri: string;
  /** Keeps it, and never writes over another: the same one twice is one. Throws where another of its size is there. */
  put: (checkpoint: Checkpoint) => Promise<void>;
  /** The note of the largest log that it has of an origin; undefined where it has none, or only tells and does not keep. */
  newest: (origin: string) => Promise<string | undefined>;
};

const REQUEST_TIMEOUT_MS = 10_000;
const DAY_MS = 86_400_000;
/** Names are read from behind: sixteen digits that count down from here sort the largest log first. */
const COUNT_DOWN = 10 ** 16;

/**
 * Sinks by their addresses, separated by commas: `log:` (a line of the log stream), `file:///folder` (a file a checkpoint),
 * `s3://bucket/prefix?lock_days=N` (an object a checkpoint, locked in compliance mode for N days where it is given).
 * @throws TypeError on an address of another form.
 */
export function openSinks(addresses: string, log: Logger): CheckpointSink[] {
  return addresses
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '')
    .map((address) => openSink(address, log));
}

function openSink(address: string, log: Logger): CheckpointSink {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (address === 'log:') return logSink(log);
  if (url?.protocol === 'file:' && url.pathname !== '/') return fileSink(address, fileURLToPath(url));
  if (url?.protocol === 's3:' && url.hostname !== '') return s3Sink(url);
  throw new TypeError('a checkpoint sink is log:, file:///folder or s3://bucket/prefix?lock_days=N');
}

function logSink(log: Logger): CheckpointSink {
  return {
    uri: 'log:',
    async put({ size, note }) {
      log.info({ checkpoint: note, size }, 'checkpoint');
    },
    newest: async () => undefined,
  };
}

/** A checkpoint's name within its store: the largest log of an origin comes first. */
function nameOf(origin: string, size: number): string {
  return `${encodeURIComponent(origin)}/${String(COUNT_DOWN - size).padStart(17, '0')}-${size}.txt`;
}

function fileSink(uri: string, folder: string): CheckpointSink {
  return {
    uri,
    async put({ origin, size, note }) {
      const target = join(folder, nameOf(origin, size));
      await mkdir(join(folder, encodeURIComponent(origin)), { recursive: true });
      const part = `${target}.${process.pid}.part`;
      const file = await open(part, 'w');
      try {
        await file.writeFile(note);
        await file.sync();
      } finally {
        await file.close();
      }
      try {
        // A link fails where the name is taken; a rename would write over it.
        await link(part, target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if ((await readFile(target, 'utf8')) !== note) throw takenError(size);
      } finally {
        await rm(part, { force: true });
      }
    },
    async newest(origin) {
      const own = join(folder, encodeURIComponent(origin));
      const names = await readdir(own).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      const [first] = names.filter((name) => name.endsWith('.txt')).toSorted();
      return first === undefined ? undefined : await readFile(join(own, first), 'utf8');
    },
  };
}

function s3Sink(url: URL): CheckpointSink {
  // A local S3 has no name for each bucket.
  const client = new S3Client({ forcePathStyle: url.searchParams.has('path_style') });
  const days = Number(url.searchParams.get('lock_days') ?? '0');
  if (!Number.isInteger(days) || days < 0)
    throw new TypeError('lock_days of a checkpoint sink is a whole number');
  const Bucket = url.hostname;
  const prefix = url.pathname.slice(1).replace(/\/?$/u, (end) => (url.pathname === '/' ? '' : end || '/'));
  const timeout = () => ({ abortSignal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  const read = async (Key: string) =>
    await (await client.send(new GetObjectCommand({ Bucket, Key }), timeout())).Body?.transformToString();
  return {
    uri: `${url.protocol}//${Bucket}${url.pathname}`,
    async put({ origin, size, note }) {
      const Key = prefix + nameOf(origin, size);
      const lock =
        days === 0
          ? {}
          : {
              ObjectLockMode: 'COMPLIANCE' as const,
              ObjectLockRetainUntilDate: new Date(Date.now() + days * DAY_MS),
            };
      const request = new PutObjectCommand({
        Bucket,
        Key,
        Body: note,
        ContentType: 'text/plain; charset=utf-8',
        IfNoneMatch: '*',
        ...lock,
      });
      try {
        await client.send(request, timeout());
      } catch (error) {
        if ((error as Error).name !== 'PreconditionFailed') throw error;
        if ((await read(Key)) !== note) throw takenError(size);
      }
    },
    async newest(origin) {
      const Prefix = `${prefix}${encodeURIComponent(origin)}/`;
      const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }), timeout());
      const Key = page.Contents?.[0]?.Key;
      return Key === undefined ? undefined : await read(Key);
    },
  };
}

function takenError(size: number): Error {
  return new Error(`the store has another checkpoint of ${size} entries: two logs go by one name`);
}
