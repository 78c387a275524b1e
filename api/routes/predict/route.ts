import { textResponse } from '#api/http/text-response.ts';
import { BODY_EXAMPLES } from '#api/openapi/examples.ts';
import { predictionsSchema } from '#api/online/answer.ts';
import {
  mostPredictBytes,
  NMRS_MESSAGE,
  predictMediaType,
  predictQuery,
  predictText,
} from '#api/online/predict.ts';
import { route } from '#api/route.ts';
import { predictFastLane } from './fast-lane.ts';

export const predict = route(
  {
    method: 'POST',
    path: '/v1/predict',
    access: 'submit',
    rate: 'predictions',
    fastLane: predictFastLane,
    tag: 'Online',
    summary: 'Risk, tier and reasons of a few patients, at once',
    description:
      'One row of features or an array of them; NMRS patient messages by their content type; or `{"patient_ids": […]}` for patients whose features were put or scored by a job within the store’s time to live. The audit is committed before the answer leaves. A faulty row refuses the request; a patient message that cannot be scored is listed in `refused`.',
    query: predictQuery,
    requestBody: {
      description: 'Patients, MAX_BATCH_SIZE at most',
      content: [
        {
          type: 'application/json',
          example: BODY_EXAMPLES.patient,
        },
        {
          type: NMRS_MESSAGE,
          example: BODY_EXAMPLES.message,
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
  async ({ deps, principal, query, incoming, outgoing }) => {
    const mediaType = predictMediaType(incoming.headers['content-type']);
    const request = { incoming, outgoing, tenantId: principal.tenantId };
    const text = await deps.bodies.read(request, mostPredictBytes(deps), (body) =>
      predictText(deps, principal, query, mediaType, body),
    );
    return textResponse(text, {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
  },
);
