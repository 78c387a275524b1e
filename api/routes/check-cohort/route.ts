import { BODY_EXAMPLES } from '#api/openapi/examples.ts';
import { z } from 'zod';
import { contentEncoding, readBody } from '#api/ingest/body.ts';
import { unreadInput } from '#api/ingest/input-format.ts';
import { inputOptions, inputQuery } from '#api/ingest/input-query.ts';
import { receiveCohort } from '#api/ingest/receive-cohort.ts';
import { declaredType, MEDIA_TYPES } from '#api/ingest/sniff/media-type.ts';
import { type Call, jsonResponse, route } from '#api/route.ts';
import { discardRest } from '#api/http/discard-rest.ts';
import type { Reservation } from '#api/limits/memory-budget.ts';
import type { UploadPlace } from '#api/limits/upload-limiter.ts';
import { jobInputSchema } from '#shared/jobs/job-input.ts';
import { CheckedRows } from './checked-rows.ts';

const DEFAULT_ROWS = 10_000;

const query = z.object({
  ...inputQuery,
  model: z.string().max(100).optional().meta({ description: 'Version; the active model by default' }),
  rows: z
    .union([z.literal('all'), z.coerce.number().int().min(1).max(10_000_000)])
    .default(DEFAULT_ROWS)
    .meta({ description: 'Rows to read; `all` for the whole file' }),
});

const count = z.int().nonnegative();

const answer = z
  .object({
    input: jobInputSchema,
    rows: z.object({
      read: count,
      accepted: count,
      rejected: count,
      joined: count,
      whole_file: z.boolean().meta({ description: 'Whether the file ends within these rows' }),
    }),
    codes: z.record(z.string(), count).meta({ description: 'Rejections by code' }),
    sample: z.array(z.record(z.string(), z.unknown())).meta({ description: 'The first rows as read' }),
    rejections: z.array(z.record(z.string(), z.unknown())).meta({ description: 'The first refused rows' }),
    absent_features: z.array(z.string()),
  })
  .meta({ id: 'Check' });

export const checkCohort = route(
  {
    method: 'POST',
    path: '/v1/check',
    access: 'submit',
    tag: 'Jobs',
    summary: 'What would be understood of a file; nothing is stored',
    description:
      'Takes the same body and options as POST /v1/jobs and answers with format, encoding, delimiter, header, columns, date order, the first rows as read, and what would be refused, by code.',
    query,
    requestHeaders: {
      'Content-Type': MEDIA_TYPES.join(', '),
      'Content-Encoding': 'gzip, zstd or none',
    },
    requestBody: {
      description: 'As of POST /v1/jobs',
      content: [{ type: 'text/csv', example: BODY_EXAMPLES.semicolonCsv }],
    },
    answers: {
      200: { description: 'What was understood', content: [{ type: 'application/json', schema: answer }] },
    },
    errors: [
      'too_many_uploads',
      'rate_limited',
      'overloaded',
      'model_not_found',
      'unsupported_media_type',
      'empty_body',
      'missing_columns',
    ],
  },
  async (call) => {
    let place: UploadPlace | undefined;
    try {
      place = call.deps.uploads.enter(call.principal.tenantId);
      return jsonResponse(await check(call, place.memory));
    } finally {
      place?.leave();
      discardRest(call.incoming, call.outgoing);
    }
  },
);

async function check(
  call: Call<unknown, z.output<typeof query>>,
  memory: Reservation,
): Promise<z.infer<typeof answer>> {
  const { deps, principal, headers, query: asked } = call;
  const declared = declaredType(headers.get('content-type'));
  const encoding = contentEncoding(headers.get('content-encoding'));
  const model =
    asked.model === undefined
      ? await deps.models.activeModel(principal.tenantId)
      : await deps.models.modelOf(principal.tenantId, asked.model);
  const input = unreadInput();
  const rows = new CheckedRows(model.manifest);
  let absent: string[] = [];
  const { isWhole } = await receiveCohort({
    readers: deps.readers,
    body: readBody(
      call.incoming,
      encoding,
      {
        maxBytes: deps.config.MAX_UPLOAD_BYTES,
        minBytesPerSecond: deps.config.MIN_UPLOAD_BYTES_PER_SECOND,
      },
      { boundary: declared.boundary, onEncoding: (found) => (input.compression = found) },
    ),
    declared,
    memory,
    options: inputOptions(asked, { nowMs: deps.clock.nowMs(), zone: deps.zone }),
    input,
    manifest: model.manifest,
    ignoreUnknown: asked.ignore_unknown,
    facilityEffect: deps.config.FACILITY_EFFECT === 'on',
    unvalidatedFormats: deps.config.UNVALIDATED_FORMATS,
    chunkRows: 1_000,
    maxRowBytes: deps.config.MAX_ROW_BYTES,
    ...(asked.rows === 'all' ? {} : { maxRows: asked.rows }),
    onLayout: (layout) => {
      absent = layout.absentFeatures;
      return rows;
    },
  });
  return { ...rows.summary(isWhole), input, absent_features: absent };
}
