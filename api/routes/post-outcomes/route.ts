import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { parseJson } from '#api/http/parse-json.ts';
import { jsonResponse, route } from '#api/route.ts';
import { identifierFault } from '#patients/values/identifier.ts';
import { fileOutcomes } from '#shared/drift/outcome-store.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const MOST_OUTCOMES = 10_000;
const MOST_BYTES = 8 * 1024 ** 2;
const MOST_OUTCOME_BYTES = 64 * 1024;

const outcomeSchema = z
  .strictObject({
    patient_id: z
      .string()
      .refine((id) => identifierFault(id) === undefined, 'is no identifier of 1–64 characters')
      .optional(),
    job_id: z.uuid().optional().meta({ description: 'With `row`: the very prediction' }),
    row: z.int().positive().optional(),
    outcome: z.enum(['interrupted', 'in_care']),
    date: dayParameter.meta({
      description:
        'interrupted: the 28th day past due · in_care: until when the patient is known to be in care',
    }),
  })
  .refine(
    (given) => (given.job_id === undefined) === (given.row === undefined),
    '`job_id` and `row` belong together',
  )
  .refine(
    (given) => given.patient_id !== undefined || given.job_id !== undefined,
    'a patient or the row of a job is needed',
  )
  .meta({ id: 'Outcome' });
const bodySchema = z.union([
  outcomeSchema.transform((one) => [one]),
  z.array(outcomeSchema).min(1).max(MOST_OUTCOMES),
]);

export const postOutcomes = route(
  {
    method: 'POST',
    path: '/v1/outcomes',
    access: 'submit',
    tag: 'Models',
    summary: 'Tell what became of patients',
    description:
      'An outcome answers every prediction of the patient whose 90 days it closes, one a day: an interruption those of the 90 days before it as interrupted and older ones as not, a patient in care those made 90 days or more before as not. An interruption once filed stays, unless `job_id` and `row` take it back.',
    requestBody: {
      description: `One outcome, or an array of at most ${MOST_OUTCOMES}`,
      content: [
        {
          type: 'application/json',
          schema: z.array(outcomeSchema),
          example: '{"patient_id":"P-1","outcome":"interrupted","date":"2026-11-02"}',
        },
      ],
    },
    answers: {
      200: {
        description: 'What was filed',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({
                matched: z.int(),
                unmatched: z.array(
                  z.object({ index: z.int(), code: z.enum(['no_prediction', 'window_open']) }),
                ),
              })
              .meta({ id: 'FiledOutcomes' }),
          },
        ],
      },
    },
    errors: ['invalid_body', 'malformed_json', 'empty_body', 'body_too_large'],
  },
  async (call) => {
    const { deps, principal, incoming, outgoing } = call;
    const body = await deps.bodies.read(
      { incoming, outgoing, tenantId: principal.tenantId },
      MOST_BYTES,
      (held) => parseJson(held, { maxItems: MOST_OUTCOMES, maxItemBytes: MOST_OUTCOME_BYTES }),
    );
    const parsed = bodySchema.safeParse(body);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const message = z.prettifyError(parsed.error).slice(0, 500);
      const field = issue?.path.join('.') ?? '';
      throw new ServiceError('invalid_body', message, field === '' ? {} : { field });
    }
    const outcomes = parsed.data.map((given) => ({
      jobId: given.job_id,
      row: given.row,
      patientId: given.patient_id,
      interrupted: given.outcome === 'interrupted',
      date: given.date,
    }));
    const filed = await deps.db.transaction().execute(async (trx) => {
      const outcome = await fileOutcomes(trx, principal.tenantId, principal.actor, outcomes);
      const details = { received: outcomes.length, matched: outcome.matched };
      await recordAccess(call, { action: 'outcomes.post', details }, trx);
      return outcome;
    });
    return jsonResponse(filed);
  },
);
