import { BODY_EXAMPLES } from '#api/openapi/examples.ts';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { isoDate } from '#patients/record/epoch-day.ts';
import { warnOfExpiry } from '#api/models/expiry.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { ChunkWriter } from '#api/ingest/chunk-writer.ts';
import { contentEncoding, readBody, receivedBytes } from '#api/ingest/body.ts';
import { inputOptions, inputQuery } from '#api/ingest/input-query.ts';
import { unreadInput } from '#api/ingest/input-format.ts';
import { receiveCohort } from '#api/ingest/receive-cohort.ts';
import { declaredType, MEDIA_TYPES, PARQUET, XLSX } from '#api/ingest/sniff/media-type.ts';
import { jobSchema } from '#api/jobs/job-view.ts';
import { newJobId, openJob } from '#api/jobs/open-job.ts';
import { JOB_DOCUMENT, jobDocument } from '#api/objects/create-object-job.ts';
import type { Reservation } from '#api/limits/memory-budget.ts';
import type { UploadPlace } from '#api/limits/upload-limiter.ts';
import { toServiceError } from '#api/http/problem.ts';
import { type Call, jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { finishReceiving } from '#shared/jobs/finish-receiving.ts';
import { abortJob } from '#shared/jobs/stop-job.ts';
import { refuseWhenBehind } from './backlog.ts';
import { discardRest } from '#api/http/discard-rest.ts';
import { findByIdempotencyKey, idempotencyKey, requestFingerprint, requireSameBody } from './idempotency.ts';
import { submitObjects } from './submit-objects.ts';

const query = z.object({
  name: z.string().min(1).max(200).default('cohort').meta({ description: 'For people; need not be unique' }),
  model: z.string().max(100).optional().meta({ description: 'Version; the active model by default' }),
  explain: z.coerce
    .number()
    .int()
    .min(0)
    .max(20)
    .default(3)
    .meta({ description: 'Reasons to keep for each row' }),
  priority: z.enum(['low', 'normal', 'high']).default('normal'),
  ...inputQuery,
});

type SubmitCall = Call<unknown, z.output<typeof query>>;

export const submitJob = route(
  {
    method: 'POST',
    path: '/v1/jobs',
    access: 'submit',
    tag: 'Jobs',
    summary: 'Submit a cohort',
    description:
      'The body is read as it arrives and scored while it is read; a job document names objects instead. One bad row costs only itself: see the rejections. Columns are judged before any row is taken.',
    query,
    requestHeaders: {
      'Content-Type': [...MEDIA_TYPES, JOB_DOCUMENT].join(', '),
      'Content-Encoding': 'gzip, zstd or none',
      'Idempotency-Key': 'The same key and request make one job, however often they are sent',
    },
    requestBody: {
      description:
        'A row a patient: patient_id, the features of the model, and if known facility_id and due_date',
      content: [
        { type: 'text/csv', example: BODY_EXAMPLES.csv },
        { type: 'application/x-ndjson', example: BODY_EXAMPLES.ndjson },
        { type: 'application/json', example: BODY_EXAMPLES.json },
        {
          type: 'application/vnd.iit.nmrs+x-ndjson',
          example: `${BODY_EXAMPLES.message}\n`,
        },
        { type: 'application/vnd.iit.nmrs+json' },
        { type: XLSX },
        { type: PARQUET },
        {
          type: JOB_DOCUMENT,
          schema: jobDocument,
          example:
            '{"input":{"uri":"s3://nights/in/2026-11-27/*"},"output":{"uri":"s3://nights/out/2026-11-27/"}}',
        },
      ],
    },
    answers: {
      202: {
        description: 'Every row was read, and every accepted one is stored',
        content: [{ type: 'application/json', schema: jobSchema }],
        headers: {
          Location: 'Where the job is',
          'Idempotency-Replayed': 'true where an earlier request made the job',
        },
      },
    },
    errors: [
      'unsupported_media_type',
      'unsupported_encoding',
      'empty_body',
      'empty_cohort',
      'invalid_body',
      'invalid_encoding',
      'truncated_body',
      'body_too_large',
      'compression_ratio_exceeded',
      'row_too_large',
      'workbook_too_large',
      'too_many_columns',
      'unterminated_quote',
      'unknown_columns',
      'missing_columns',
      'missing_header',
      'duplicate_columns',
      'stale_list',
      'format_not_validated',
      'malformed_json',
      'idempotency_conflict',
      'source_unavailable',
      'upload_too_slow',
      'upload_aborted',
      'too_many_uploads',
      'rate_limited',
      'overloaded',
      'model_not_found',
    ],
  },
  async (call) => {
    if (isJobDocument(call.headers.get('content-type'))) {
      const { jobId, isReplayed } = await submitObjects(call);
      return await accepted(call, jobId, isReplayed);
    }
    let place: UploadPlace | undefined;
    try {
      place = call.deps.uploads.enter(call.principal.tenantId);
      return await submit(call, place.memory);
    } finally {
      place?.leave();
      discardRest(call.incoming, call.outgoing);
    }
  },
);

function isJobDocument(contentType: string | null): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === JOB_DOCUMENT;
}

async function submit(call: SubmitCall, memory: Reservation): Promise<Response> {
  const { deps, principal, headers } = call;
  const declared = declaredType(headers.get('content-type'));
  const encoding = contentEncoding(headers.get('content-encoding'));
  const key = idempotencyKey(headers.get('idempotency-key'));
  const fingerprint = requestFingerprint(new URL(call.context.req.url), headers);
  const tenantId = principal.tenantId;
  const limits = {
    maxBytes: deps.config.MAX_UPLOAD_BYTES,
    minBytesPerSecond: deps.config.MIN_UPLOAD_BYTES_PER_SECOND,
  };
  if (key !== undefined) {
    const earlier = await findByIdempotencyKey(deps.db, { tenantId, key, fingerprint });
    if (earlier !== undefined) {
      const hash = createHash('sha256');
      for await (const bytes of receivedBytes(call.incoming, limits)) hash.update(bytes);
      requireSameBody(earlier, hash.digest());
      return await accepted(call, earlier.id, true);
    }
  }
  await refuseWhenBehind(deps.db, deps.config.MAX_OPEN_CHUNKS);
  const model =
    call.query.model === undefined
      ? await deps.models.activeModel(tenantId)
      : await deps.models.modelOf(tenantId, call.query.model);

  const jobId = newJobId();
  const input = unreadInput();
  const digest = key === undefined ? undefined : createHash('sha256');
  let opened: { job: Promise<void>; writer: ChunkWriter } | undefined;
  try {
    const body = readBody(call.incoming, encoding, limits, {
      boundary: declared.boundary,
      onReceived: digest === undefined ? undefined : (bytes) => void digest.update(bytes),
      onEncoding: (found) => (input.compression = found),
    });
    await receiveCohort({
      readers: deps.readers,
      body,
      memory,
      declared,
      options: inputOptions(call.query, { nowMs: deps.clock.nowMs(), zone: deps.zone }),
      input,
      signal: leaving(call.outgoing),
      manifest: model.manifest,
      ignoreUnknown: call.query.ignore_unknown,
      facilityEffect: deps.config.FACILITY_EFFECT === 'on',
      unvalidatedFormats: deps.config.UNVALIDATED_FORMATS,
      chunkRows: deps.config.CHUNK_ROWS,
      maxRowBytes: deps.config.MAX_ROW_BYTES,
      onLayout: (layout) => {
        warnOfExpiry(input, model, isoDate(deps.zone.dayOf(deps.clock.nowMs())));
        const job = openJob(deps.db, jobId, {
          tenantId,
          name: call.query.name,
          priority: call.query.priority,
          explain: call.query.explain,
          modelId: model.id,
          thresholdSet: model.thresholdSet,
          apiKeyId: principal.keyId,
          actor: principal.actor,
          contentType: declared.mediaType,
          idempotency: key === undefined ? undefined : { key, fingerprint },
          layout,
          input,
          alongside: (trx) =>
            recordAccess(
              call,
              { action: 'job.submit', entity: `job:${jobId}`, details: { model: model.version } },
              trx,
            ),
        });
        job.catch(() => undefined);
        opened = {
          job,
          writer: new ChunkWriter({
            db: deps.db,
            doorbell: deps.doorbell,
            tracer: deps.tracer,
            crash: deps.crash,
            jobId,
            opened: job,
          }),
        };
        return opened.writer;
      },
    });
    await deps.db
      .transaction()
      .execute((trx) => finishReceiving(trx, jobId, { input, bodySha256: digest?.digest() }));
  } catch (error) {
    if (opened !== undefined) await abortOpened(call, jobId, opened, error);
    throw error;
  }
  return await accepted(call, jobId, false);
}

/** Aborts when the connection closes; after the answer that means nothing. */
function leaving(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController();
  outgoing.once('close', () =>
    controller.abort(new ServiceError('upload_aborted', 'The client left before the upload was read.')),
  );
  return controller.signal;
}

/** Nothing of an upload that failed may pass for a cohort. Leaves a job that cannot be reached to the sweeper. */
async function abortOpened(
  call: SubmitCall,
  jobId: string,
  opened: { job: Promise<void>; writer: ChunkWriter },
  thrown: unknown,
): Promise<void> {
  const { code, message } = toServiceError(thrown);
  try {
    await opened.writer.abandon();
    await opened.job;
    await abortJob(call.deps.db, { jobId, code, message });
    call.log.info({ jobId, code }, 'upload aborted');
  } catch (error) {
    if (error !== thrown)
      call.log.warn({ err: error, jobId, code }, 'the job of a failed upload was not aborted');
  }
}

async function accepted(call: SubmitCall, jobId: string, replayed: boolean): Promise<Response> {
  const job = await call.deps.jobs.fresh(call.principal.tenantId, jobId);
  return jsonResponse(job.view, 202, {
    location: `/v1/jobs/${jobId}`,
    ...(replayed ? { 'idempotency-replayed': 'true' } : {}),
  });
}
