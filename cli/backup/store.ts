import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { OperatorError } from '../run-command.ts';

/** Where backups lie. Names are relative, with slashes. */
export type BackupStore = {
  readonly uri: string;
  /** All or nothing: a name is there only once its whole body is. */
  write(name: string, body: Readable): Promise<void>;
  read(name: string): Promise<Readable>;
  list(): Promise<string[]>;
};

/** S3 takes 10,000 parts: the default of 5 MiB would end at 50 GB, these end at 320 GB. */
const PART_BYTES = 32 << 20;
const PARTS_AT_ONCE = 2;

/** `s3://bucket/prefix` (credentials and region as the AWS SDK finds them) or `file:///folder`. */
export function openStore(uri: string): BackupStore {
  const url = new URL(uri.endsWith('/') ? uri : `${uri}/`);
  if (url.protocol === 'file:') return fileStore(uri, fileURLToPath(url));
  if (url.protocol === 's3:' && url.hostname !== '') return s3Store(uri, url.hostname, url.pathname.slice(1));
  throw new OperatorError('BACKUP_URI must be s3://bucket/prefix or file:///folder.');
}

function fileStore(uri: string, folder: string): BackupStore {
  return {
    uri,
    async write(name, body) {
      const target = join(folder, name);
      await mkdir(dirname(target), { recursive: true });
      await pipeline(body, createWriteStream(`${target}.part`, { flush: true }));
      await rename(`${target}.part`, target);
    },
    read: async (name) => createReadStream(join(folder, name)),
    async list() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.part'))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    },
  };
}

function s3Store(uri: string, bucket: string, prefix: string): BackupStore {
  // A local S3 (MinIO, moto) has no name for each bucket.
  const client = new S3Client({ forcePathStyle: process.env['AWS_ENDPOINT_URL'] !== undefined });
  const key = (name: string) => `${prefix}${name}`;
  return {
    uri,
    async write(name, body) {
      const params = { Bucket: bucket, Key: key(name), Body: body };
      const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE });
      const failed = new Promise<never>((_, reject) => body.once('error', reject));
      await Promise.race([upload.done(), failed]);
    },
    async read(name) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key(name) }));
      return Body as Readable;
    },
    async list() {
      const names: string[] = [];
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
        names.push(...(page.Contents ?? []).flatMap((object) => object.Key?.slice(prefix.length) ?? []));
      }
      return names;
    },
  };
}
