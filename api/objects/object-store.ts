import type { S3Client } from '@aws-sdk/client-s3';
import { ServiceError } from '#shared/errors/errors.ts';

export type ObjectInfo = { bucket: string; key: string; etag: string; byteCount: number };

export type ObjectStore = {
  /** In the order of their keys. Throws `source_unavailable`; `invalid_body` where there are more than `most`. */
  list: (bucket: string, prefix: string, most: number) => Promise<ObjectInfo[]>;
  /** The bytes of an object as it was listed. Throws `source_changed`, `source_unavailable`. */
  read: (object: ObjectInfo, signal: AbortSignal) => AsyncGenerator<Buffer>;
  /** All or nothing. Throws `source_unavailable`. */
  write: (place: { bucket: string; key: string }, bytes: Uint8Array, contentType: string) => Promise<void>;
};

const REQUEST_TIMEOUT_MS = 60_000;
/** Of one request, with the SDK's own pauses in between; whoever asks tries again later. */
const ATTEMPTS = 4;
const CHANGED = new Set(['PreconditionFailed', 'NoSuchKey', 'NotFound']);

/** Objects by S3's protocol, with the identity and the region that the SDK finds. The SDK is loaded by the first request. */
export function createObjectStore(options: { pathStyle: boolean }): ObjectStore {
  let opened: Promise<{ client: S3Client; sdk: typeof import('@aws-sdk/client-s3') }> | undefined;
  const open = () =>
    (opened ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client({
        forcePathStyle: options.pathStyle,
        maxAttempts: ATTEMPTS,
        // Stores that are not Amazon's know nothing of its newer checksums; TLS and our own hashes are there in any case.
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
      }),
    })));
  const deadline = () => ({ abortSignal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });

  return {
    list: async (bucket, prefix, most) => {
      const { client, sdk } = await open();
      const found: ObjectInfo[] = [];
      try {
        const asked = { Bucket: bucket, Prefix: prefix };
        for await (const page of sdk.paginateListObjectsV2({ client }, asked)) {
          for (const { Key, ETag, Size } of page.Contents ?? []) {
            if (Key === undefined || ETag === undefined) continue;
            found.push({ bucket, key: Key, etag: ETag, byteCount: Size ?? 0 });
          }
          if (found.length > most) break;
        }
      } catch (error) {
        throw unavailable(error);
      }
      if (found.length > most) {
        throw new ServiceError('invalid_body', `More than ${most} objects lie there; name fewer.`, {
          field: 'input.uri',
        });
      }
      return found;
    },
    async *read({ bucket, key, etag, byteCount }, signal) {
      const { client, sdk } = await open();
      let received = 0;
      try {
        const request = new sdk.GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag });
        const { Body, ETag } = await client.send(request, { abortSignal: signal });
        // Not every store heeds If-Match.
        if (ETag !== etag) throw changed(key);
        for await (const bytes of Body as AsyncIterable<Buffer>) {
          received += bytes.length;
          yield bytes;
        }
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        throw CHANGED.has((error as Error).name) ? changed(key, error) : unavailable(error);
      }
      if (received !== byteCount) throw unavailable(new Error(`${received} of ${byteCount} bytes came`));
    },
    write: async ({ bucket, key }, bytes, contentType) => {
      const { client, sdk } = await open();
      try {
        const request = new sdk.PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: bytes,
          ContentLength: bytes.length,
          ContentType: contentType,
        });
        await client.send(request, deadline());
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}

function changed(key: string, cause?: unknown): ServiceError {
  const name = key.slice(-100);
  return new ServiceError(
    'source_changed',
    `Object ${name} is not the one any more that the job was given.`,
    {
      cause,
    },
  );
}

function unavailable(cause: unknown): ServiceError {
  return new ServiceError('source_unavailable', 'The object store did not answer, or refuses this service.', {
    cause,
    retryable: true,
    retryAfterSeconds: 10,
  });
}
