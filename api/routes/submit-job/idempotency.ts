import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { abortJob } from '#shared/jobs/stop-job.ts';

const KEY = /^[\u0021-\u007e]{1,200}$/u;
/** A job that receives writes a heartbeat every few seconds; without one for so long, its api is gone. */
const LOST_UPLOAD_SECONDS = 20;

/** A job that was made under the key; the digest of its body, where it was kept. */
export type EarlierJob = { id: string; bodySha256: Buffer | null };

/** The header's value, checked. Throws `invalid_query` naming the header. */
export function idempotencyKey(header: string | null): string | undefined {
  if (header === null) return undefined;
  if (!KEY.test(header)) {
    throw new ServiceError('invalid_query', 'Idempotency-Key must be 1 to 200 printable ASCII characters.', {
      field: 'Idempotency-Key',
    });
  }
  return header;
}

/** What two requests under one key must have in common beside their bodies. */
export function requestFingerprint(url: URL, headers: Headers): Buffer {
  const query = [...url.searchParams].map(([name, value]) => `${name}=${value}`).toSorted();
  const declared = ['content-type', 'content-encoding'].map((name) =>
    // The boundary of a form is another each time.
    (headers.get(name) ?? '').replace(/boundary=.*/u, ''),
  );
  return createHash('sha256')
    .update(JSON.stringify([query, declared]))
    .digest();
}

/**
 * The job that this key made, if there is one to answer with. An upload that was cut off leaves an aborted job, which
 * gives its key up: the retry is the one job of that key. Throws `idempotency_conflict` where the key belongs to
 * another request, or to an upload that still goes on.
 */
export async function findByIdempotencyKey(
  db: Db,
  request: { tenantId: number; key: string; fingerprint: Buffer },
): Promise<EarlierJob | undefined> {
  const { tenantId, key, fingerprint } = request;
  const job = await db
    .selectFrom('jobs')
    .select(['id', 'status', 'request_fingerprint', 'body_sha256'])
    .select(sql<boolean>`heartbeat_at < now() - make_interval(secs => ${LOST_UPLOAD_SECONDS})`.as('lost'))
    .where('tenant_id', '=', tenantId)
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
  if (job === undefined) return undefined;
  if (job.request_fingerprint?.equals(fingerprint) !== true) {
    throw conflict('query or content type', job.id);
  }
  if (job.status === 'receiving') {
    if (!job.lost) {
      throw new ServiceError('idempotency_conflict', 'An upload under this Idempotency-Key still goes on.', {
        field: 'Idempotency-Key',
        retryable: true,
        retryAfterSeconds: LOST_UPLOAD_SECONDS,
      });
    }
    await abortJob(db, {
      jobId: job.id,
      code: 'upload_aborted',
      message: 'The upload was lost and begun anew.',
    });
    return await releaseKey(db, job.id);
  }
  return job.status === 'aborted'
    ? await releaseKey(db, job.id)
    : { id: job.id, bodySha256: job.body_sha256 };
}

/** Throws `idempotency_conflict` where the body is not the one that made the job. */
export function requireSameBody(earlier: EarlierJob, bodySha256: Buffer): void {
  if (earlier.bodySha256?.equals(bodySha256) === false) throw conflict('body', earlier.id);
}

function conflict(what: string, jobId: string): ServiceError {
  return new ServiceError(
    'idempotency_conflict',
    `The Idempotency-Key was used for another request: its ${what} differs. Send it again unchanged, or under a new key.`,
    { field: 'Idempotency-Key', details: { differs: what, job_id: jobId } },
  );
}

async function releaseKey(db: Db, jobId: string): Promise<undefined> {
  await db.updateTable('jobs').set({ idempotency_key: null }).where('id', '=', jobId).execute();
}
