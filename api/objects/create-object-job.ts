import { z } from 'zod';
import type { ApiDeps } from '#api/deps.ts';
import { unreadInput } from '#api/ingest/input-format.ts';
import { newJobId, openJob } from '#api/jobs/open-job.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { insertOutput } from './output-store.ts';
import { folderPath, literalPrefix, matchesPattern, requirePlace } from './places.ts';
import { insertSource, sourceOptions } from './source-store.ts';

/** What is sent in the place of a cohort where it lies in object storage. */
export const JOB_DOCUMENT = 'application/vnd.iit.job+json';
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
        .superRefine((options, issues) => {
          for (const { message, path } of sourceOptions.safeParse(options).error?.issues ?? [])
            issues.addIssue({ code: 'custom', message, path });
        })
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

export type JobDocument = z.output<typeof jobDocument>;

/** Of a job, beside its rows. */
export type JobQuery = {
  name: string;
  model?: string | undefined;
  explain: number;
  priority: 'low' | 'normal' | 'high';
};

/** In whose name a job is made. */
export type Submitter = { tenantId: number; tenant: string; keyId: string; actor: string };

export type ObjectJob = {
  submitter: Submitter;
  query: JobQuery;
  document: JobDocument;
  idempotency: { key: string; fingerprint: Buffer } | undefined;
  /** Runs in the transaction that makes the job: the audit event belongs there. */
  alongside: (trx: Db, job: { id: string; model: string; objectCount: number }) => Promise<void>;
};

/** Throws `invalid_body` for places that the tenant may not use. */
export function requirePlaces({ input, output }: JobDocument, tenant: string, allowed: string): void {
  requirePlace(input.uri, { tenant, allowed, field: 'input.uri' });
  if (output !== undefined) requirePlace(folderPath(output.uri), { tenant, allowed, field: 'output.uri' });
}

/**
 * Makes a job of objects, pinned as they are now; they are read afterwards. Returns its id. Throws `invalid_body`, `empty_cohort`
 * for no objects, `source_unavailable`, `model_not_found`, `idempotency_conflict`.
 */
export async function createObjectJob(
  deps: Pick<ApiDeps, 'db' | 'config' | 'models' | 'objects'>,
  { submitter, query, document, idempotency, alongside }: ObjectJob,
): Promise<string> {
  const { tenantId, tenant } = submitter;
  const { input, output } = document;
  const allowed = deps.config.OBJECT_STORE_ALLOW;
  requirePlaces(document, tenant, allowed);
  const place = requirePlace(input.uri, { tenant, allowed, field: 'input.uri' });
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
    thresholdSet: model.thresholdSet,
    apiKeyId: submitter.keyId,
    actor: submitter.actor,
    contentType: JOB_DOCUMENT,
    idempotency,
    layout: { roles: new Int32Array(), names: [], ignored: [], absentFeatures: [] },
    input: unreadInput(),
    alongside: async (trx) => {
      await insertSource(trx, { jobId, tenantId, uri: input.uri, options: input.options }, objects);
      if (output !== undefined) await insertOutput(trx, { jobId, tenantId, ...output });
      await alongside(trx, { id: jobId, model: model.version, objectCount: objects.length });
    },
  });
  return jobId;
}
