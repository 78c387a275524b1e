import { BODY_EXAMPLES } from '#api/openapi/examples.ts';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { parseJson } from '#api/http/parse-json.ts';
import { askedOf } from '#api/online/read-request.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const MOST_PATIENTS = 1_000;
const MOST_BYTES = 16 * 1024 ** 2;

export const putFeatures = route(
  {
    method: 'PUT',
    path: '/v1/features',
    access: 'submit',
    tag: 'Online',
    summary: 'Keep patients’ latest features for predictions by id',
    description:
      'One row of features or an array of them, as for a prediction. Replaces all that was kept of a patient; kept for the store’s time to live. What a job scored need not be put: it is found by itself.',
    query: z.strictObject({
      ignore_unknown: z
        .enum(['true', 'false'])
        .default('false')
        .meta({ description: 'true drops fields that the active model has no feature for' }),
    }),
    requestBody: {
      description: `Patients, ${MOST_PATIENTS} at most`,
      content: [
        {
          type: 'application/json',
          example: BODY_EXAMPLES.features,
        },
      ],
    },
    answers: {
      200: {
        description: 'Kept',
        content: [
          { type: 'application/json', schema: z.object({ stored: z.int() }).meta({ id: 'StoredFeatures' }) },
        ],
      },
    },
    errors: [
      'invalid_body',
      'malformed_json',
      'body_too_large',
      'unknown_columns',
      'missing_columns',
      'model_not_found',
      'features_unavailable',
    ],
  },
  async (call) => {
    const { deps, principal, query, incoming, outgoing } = call;
    const limits = { maxItems: MOST_PATIENTS, maxItemBytes: deps.config.MAX_ROW_BYTES };
    const body = await deps.bodies.read(
      { incoming, outgoing, tenantId: principal.tenantId },
      MOST_BYTES,
      (held) => parseJson(held, limits),
    );
    const asked = askedOf(body, MOST_PATIENTS);
    if (asked.source !== 'rows') throw new ServiceError('invalid_body', 'Send rows of features.');
    const model = await deps.online.models.get(principal.tenantId, undefined);
    const rows = model.rows.read(asked.objects, { ignoreUnknown: query.ignore_unknown === 'true' });
    const { featureCount } = model.rows;
    await recordAccess(call, { action: 'features.put', details: { patients: rows.patientIds.length } });
    await deps.online.features.store.put(
      principal.tenantId,
      rows.patientIds.map((patientId, row) => ({
        patientId,
        features: {
          facilityId: rows.facilityIds[row] ?? null,
          dueDate: rows.dueDates[row] ?? null,
          asOf: rows.asOf[row] ?? null,
          storedAtMs: deps.clock.nowMs(),
          values: Object.fromEntries(
            model.manifest.features
              .map(({ name, index }) => [name, rows.values[row * featureCount + index] ?? NaN] as const)
              .filter(([, value]) => !Number.isNaN(value)),
          ),
        },
      })),
    );
    return jsonResponse({ stored: rows.patientIds.length });
  },
);
