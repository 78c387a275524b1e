import { z } from 'zod';
import { answerText, type Leftover, predictionsSchema } from '#api/online/answer.ts';
import type { OnlineModel } from '#api/online/online-model.ts';
import { parseJson, readBody } from '#api/online/read-body.ts';
import { askedOf, rowsOfNmrs, rowsOfStored } from '#api/online/read-request.ts';
import type { OnlineRows } from '#api/online/row-reader.ts';
import { type Call, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { parseIsoDay } from '#shared/features/epoch-day.ts';

const MOST_BYTES = 32 * 1024 ** 2;
const NMRS = 'application/vnd.iit.nmrs+json';

const query = z.strictObject({
  model: z.string().max(64).optional().meta({ description: 'Version; the active model by default' }),
  explain: z.coerce.number().int().min(0).max(20).default(3).meta({ description: 'Reasons a patient' }),
  ignore_unknown: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true lets fields pass that the model has no feature for' }),
  as_of: z.iso
    .date()
    .optional()
    .meta({ description: 'Patient messages: the day to score on; today (UTC) by default' }),
});
type Query = z.output<typeof query>;

type Prepared = {
  source: 'rows' | 'nmrs' | 'stored';
  model: OnlineModel;
  rows: OnlineRows;
  leftover: Leftover;
};

export const predict = route(
  {
    method: 'POST',
    path: '/v1/predict',
    access: 'submit',
    tag: 'Online',
    summary: 'Risk, tier and reasons of a few patients, at once',
    description:
      'One row of features or an array of them; NMRS patient messages by their content type; or `{"patient_ids": […]}` for patients whose features were put or scored by a job within the store’s time to live. The audit is committed before the answer leaves. A faulty row refuses the request; a patient message that cannot be scored is listed in `refused`.',
    query,
    requestBody: {
      description: 'Patients, MAX_BATCH_SIZE at most',
      content: [
        {
          type: 'application/json',
          example: '{"patient_id":"P-1","facility_id":"F-9","age":34,"days_to_due":-3}',
        },
        {
          type: NMRS,
          example:
            '{"messageData":{"demographics":{"patientUuid":"…"},"visits":[],"encounters":[],"obs":[]}}',
        },
      ],
    },
    answers: {
      200: {
        description: 'Predictions, audited',
        content: [{ type: 'application/json', schema: predictionsSchema }],
      },
    },
    errors: [
      'invalid_query',
      'invalid_body',
      'malformed_json',
      'invalid_encoding',
      'empty_body',
      'empty_cohort',
      'body_too_large',
      'unsupported_media_type',
      'unsupported_encoding',
      'unknown_columns',
      'missing_columns',
      'feature_mismatch',
      'model_not_found',
      'features_unavailable',
      'overloaded',
      'scoring_failed',
    ],
  },
  async (call) => {
    const { deps, principal, query } = call;
    const { metrics, scorer } = deps.online;
    const startedMs = performance.now();
    let source: Prepared['source'] = 'rows';
    try {
      const prepared = await prepare(call);
      source = prepared.source;
      const { model, rows, leftover } = prepared;
      const answer =
        rows.patientIds.length === 0 ? undefined : await scorer.score(principal, model, rows, query.explain);
      metrics.requests.inc({ source, outcome: 'answered' });
      metrics.duration.observe((performance.now() - startedMs) / 1_000);
      return new Response(answerText(model, rows, answer, leftover), { headers: ANSWER_HEADERS });
    } catch (error) {
      metrics.requests.inc({ source, outcome: 'refused' });
      throw error;
    }
  },
);

const ANSWER_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

async function prepare(call: Call<unknown, Query>): Promise<Prepared> {
  const { deps, principal, query, incoming } = call;
  const { config, online, clock } = deps;
  const type = (incoming.headers['content-type'] ?? 'application/json')
    .split(';', 1)[0]!
    .trim()
    .toLowerCase();
  if (type !== 'application/json' && type !== NMRS) {
    throw new ServiceError('unsupported_media_type', `Send application/json or ${NMRS}.`);
  }
  const maxBytes = Math.min(MOST_BYTES, config.MAX_ROW_BYTES * config.MAX_BATCH_SIZE);
  const asked = askedOf(parseJson(await readBody(incoming, maxBytes)), config.MAX_BATCH_SIZE);
  const model = await online.models.get(principal.tenantId, query.model);
  if (type === NMRS) {
    if (asked.source !== 'rows') throw new ServiceError('invalid_body', 'Send patient messages.');
    const text = query.as_of ?? new Date(clock.nowMs()).toISOString().slice(0, 10);
    const { rows, refused } = rowsOfNmrs(model, asked.objects, parseIsoDay(text), text);
    return { source: 'nmrs', model, rows, leftover: { not_found: [], refused } };
  }
  if (asked.source === 'stored') {
    const found = await online.features.find(principal.tenantId, asked.patientIds);
    const { rows, notFound } = rowsOfStored(model, asked.patientIds, found);
    return { source: 'stored', model, rows, leftover: { not_found: notFound, refused: [] } };
  }
  const rows = model.rows.read(asked.objects, { ignoreUnknown: query.ignore_unknown === 'true' });
  return { source: 'rows', model, rows, leftover: { not_found: [], refused: [] } };
}
