import { createHash } from 'node:crypto';
import { recordAccess } from '#api/audit/record-access.ts';
import { parseJson } from '#api/http/parse-json.ts';
import {
  createObjectJob,
  type JobDocument,
  jobDocument,
  type JobQuery,
} from '#api/objects/create-object-job.ts';
import type { Call } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { findByIdempotencyKey, idempotencyKey, requestFingerprint, requireSameBody } from './idempotency.ts';

const MAX_BYTES = 64 * 1_024;

/** Makes the job that a job document asks for. Returns its id, and whether an earlier request had made it. */
export async function submitObjects(
  call: Call<unknown, JobQuery>,
): Promise<{ jobId: string; isReplayed: boolean }> {
  const { deps, principal, headers, query } = call;
  const request = { incoming: call.incoming, outgoing: call.outgoing, tenantId: principal.tenantId };
  const { document, bodySha256 } = await deps.bodies.read(request, MAX_BYTES, async (body) => ({
    bodySha256: createHash('sha256').update(body.bytes).digest(),
    document: parsed(await parseJson(body, { maxItems: 1_000, maxItemBytes: MAX_BYTES })),
  }));
  const key = idempotencyKey(headers.get('idempotency-key'));
  const fingerprint = requestFingerprint(new URL(call.context.req.url), headers);
  const earlier = key === undefined ? undefined : await earlierSource(call, { key, fingerprint });
  if (earlier !== undefined) {
    requireSameBody(earlier, bodySha256);
    return { jobId: earlier.id, isReplayed: true };
  }
  const jobId = await createObjectJob(deps, {
    submitter: principal,
    query,
    document,
    idempotency: key === undefined ? undefined : { key, fingerprint },
    alongside: async (trx, job) => {
      await trx.updateTable('jobs').set({ body_sha256: bodySha256 }).where('id', '=', job.id).execute();
      const { input, output } = document;
      const details = {
        model: job.model,
        input: input.uri,
        objects: job.objectCount,
        output: output?.uri ?? null,
      };
      await recordAccess(call, { action: 'job.submit', entity: `job:${job.id}`, details }, trx);
    },
  });
  return { jobId, isReplayed: false };
}

function parsed(value: unknown): JobDocument {
  const document = jobDocument.safeParse(value);
  if (document.success) return document.data;
  const issue = document.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new ServiceError('invalid_body', `\`${field}\`: ${issue?.message ?? 'is not valid.'}`, { field });
}

/** A job that is still being read is answered with as well: whoever asks again waits for nothing. */
async function earlierSource(
  { deps, principal }: Call<unknown, JobQuery>,
  { key, fingerprint }: { key: string; fingerprint: Buffer },
): Promise<{ id: string; bodySha256: Buffer | null } | undefined> {
  const reading = await deps.db
    .selectFrom('jobs')
    .innerJoin('job_sources', 'job_sources.job_id', 'jobs.id')
    .select(['jobs.id', 'jobs.body_sha256 as bodySha256'])
    .where('jobs.tenant_id', '=', principal.tenantId)
    .where('jobs.idempotency_key', '=', key)
    .where('jobs.request_fingerprint', '=', fingerprint)
    .where('jobs.status', '=', 'receiving')
    .executeTakeFirst();
  return reading ?? (await findByIdempotencyKey(deps.db, { tenantId: principal.tenantId, key, fingerprint }));
}
