import { createHash } from 'node:crypto';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { parseJson } from '#api/http/parse-json.ts';
import { unreadInput } from '#api/ingest/input-format.ts';
import { requirePlace, literalPrefix, matchesPattern } from '#api/objects/places.ts';
import { insertOutput } from '#api/objects/output-store.ts';
import { insertSource, sourceOptions } from '#api/objects/source-store.ts';
import type { Call } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { findByIdempotencyKey, idempotencyKey, requestFingerprint, requireSameBody } from './idempotency.ts';
import { newJobId, openJob } from './open-job.ts';

/** What is sent in the place of a cohort where it lies in object storage. */
export const JOB_DOCUMENT = 'application/vnd.iit.job+json';

const MAX_BYTES = 64 * 1_024;
const MOST_OBJECTS = 10_000;

export const jobDocument = z
  .strictObject({
    input: z.strictObject({
      uri: z
        .string()
        .max(1_000)
        .meta({ description: 's3://bucket/folder/*.parquet; * stands for letters of a name' }),
      options: z
        .record(z.string(), z.string())
        .default({})
        .meta({ description: 'As in the query of an upload: source, as_of, ignore_unknown, …' }),
    }),
    output: z
      .strictObject({
        uri: z.string().max(1_000).meta({ description: 'An empty folder: s3://bucket/folder/' }),
        format: z.enum(['parquet', 'csv', 'ndjson']).default('parquet'),
      })
      .optional(),
  })
  .meta({ id: 'JobDocument' });

type JobQuery = {
  name: string;
  model?: string | undefined;
  explain: number;
  priority: 'low' | 'normal' | 'high';
};

/**
 * Makes a job of objects, pinned as they are now; they are read afterwards. Returns its id, and whether an earlier request had made
 * it. Throws `invalid_body`, `empty_cohort` for no objects, `source_unavailable`, `idempotency_conflict`.
 */
export async function submitObjects(
  call: Call<unknown, JobQuery>,
): Promise<{ jobId: string; isReplayed: boolean }> {
  const { deps, principal, headers, query } = call;
  const { tenantId } = principal;
  const request = { incoming: call.incoming, outgoing: call.outgoing, tenantId };
  const { document, bodySha256 } = await deps.bodies.read(request, MAX_BYTES, async (body) => ({
    bodySha256: createHash('sha256').update(body.bytes).digest(),
    document: parsed(await parseJson(body, { maxItems: 1_000, maxItemBytes: MAX_BYTES })),
  }));
  const key = idempotencyKey(headers.get('idempotency-key'));
  const fingerprint = requestFingerprint(new URL(call.context.req.url), headers);
  if (key !== undefined) {
    const earlier = await earlierSource(call, { key, fingerprint });
    if (earlier !== undefined) {
      requireSameBody(earlier, bodySha256);
      return { jobId: earlier.id, isReplayed: true };
    }
  }
  const allowed = { tenant: principal.tenant, allowed: deps.config.OBJECT_STORE_ALLOW };
  const { input, output } = document;
  const place = requirePlace(input.uri, { ...allowed, field: 'input.uri' });
  if (output !== undefined)
    requirePlace(`${output.uri.replace(/\/*$/u, '')}/`, { ...allowed, field: 'output.uri' });
  const listed = await deps.objects.list(place.bucket, literalPrefix(place.path), MOST_OBJECTS);
  const objects = listed.filter((object) => object.byteCount > 0 && matchesPattern(place.path, object.key));
  if (objects.length === 0)
    throw new ServiceError('empty_cohort', 'No object lies there.', { field: 'input.uri' });
  const model =
    query.model === undefined
      ? await deps.models.activeModel(tenantId)
      : await deps.models.modelOf(tenantId, query.model);
  const jobId = newJobId();
  await openJob(deps.db, jobId, {
    tenantId,
    name: query.name,
    priority: query.priority,
    explain: query.explain,
    modelId: model.id,
    apiKeyId: principal.keyId,
    actor: principal.actor,
    contentType: JOB_DOCUMENT,
    idempotency: key === undefined ? undefined : { key, fingerprint },
    layout: { roles: new Int32Array(), names: [], ignored: [], absentFeatures: [] },
    input: unreadInput(),
    alongside: async (trx) => {
      await trx.updateTable('jobs').set({ body_sha256: bodySha256 }).where('id', '=', jobId).execute();
      await insertSource(trx, { jobId, tenantId, uri: input.uri, options: input.options }, objects);
      if (output !== undefined) await insertOutput(trx, { jobId, tenantId, ...output });
      const details = {
        model: model.version,
        input: input.uri,
        objects: objects.length,
        output: output?.uri ?? null,
      };
      await recordAccess(call, { action: 'job.submit', entity: `job:${jobId}`, details }, trx);
    },
  });
  return { jobId, isReplayed: false };
}

function parsed(value: unknown): z.output<typeof jobDocument> {
  const document = jobDocument.safeParse(value);
  const issue = document.success
    ? sourceOptions.safeParse(document.data.input.options).error?.issues[0]
    : document.error.issues[0];
  if (document.success && issue === undefined) return document.data;
  const field = [...(document.success ? ['input', 'options'] : []), ...(issue?.path ?? [])].join('.');
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
