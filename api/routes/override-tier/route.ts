import { sql } from 'kysely';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { maySeeFacility } from '#api/auth/principal.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { TIERS } from '#shared/models/manifest.ts';
import { readTierOverrides, type TierOverride } from '#shared/tiers/tier-overrides.ts';

const overrideSchema = z
  .object({
    row: z.int(),
    patient_id: z.string(),
    scored_tier: z.enum(TIERS).meta({ description: 'What the model’s risk gave; it stays in the results' }),
    tier: z.enum(TIERS),
    reason: z.string(),
    recorded_at: z.iso.datetime(),
    recorded_by: z.string(),
  })
  .meta({ id: 'TierOverride' });

const body = z
  .strictObject({
    tier: z.enum(TIERS),
    reason: z.string().trim().min(5).max(500),
  })
  .meta({ id: 'NewTierOverride' });

export const overrideTier = route(
  {
    method: 'POST',
    path: '/v1/jobs/{id}/rows/{row}/tier',
    access: 'submit',
    permission: 'contacts',
    tag: 'Call lists',
    summary: 'Put a patient into another tier than the model did',
    description:
      'With a reason, for the log: who knows the patient knows more than the model. Call lists show it; the score, the results and the log’s receipts stay as they are. A later one of the same row takes its place.',
    params: jobParams.extend({ row: z.coerce.number().int().positive().max(2_147_483_647) }),
    requestBody: {
      description: 'The tier and why',
      content: [
        {
          type: 'application/json',
          schema: body,
          example: '{"tier":"high","reason":"Her husband has moved away with the children"}',
        },
      ],
    },
    answers: {
      201: { description: 'The override', content: [{ type: 'application/json', schema: overrideSchema }] },
    },
    errors: ['not_found', 'invalid_body', 'empty_body', 'malformed_json', 'body_too_large'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const given = await jsonBody(call, body);
    const { row } = await deps.jobs.get(principal.tenantId, params.id);
    const { rows } = await sql<{ patient_id: string | null; facility_id: string | null; tier: number }>`
      SELECT patient_id, facility_id, tier FROM prediction(${row.id}, ${params.row})`.execute(deps.db);
    const [found] = rows;
    const isSeen = found !== undefined && maySeeFacility(principal, found.facility_id ?? undefined);
    if (found === undefined || found.patient_id === null || !isSeen)
      throw new ServiceError('not_found', 'The job has no such row.');
    const { patient_id: patientId } = found;
    await deps.db.transaction().execute(async (trx) => {
      await trx
        .insertInto('tier_overrides')
        .values({
          tenant_id: principal.tenantId,
          job_id: row.id,
          row_no: params.row,
          patient_id: patientId,
          scored_tier: found.tier,
          tier: TIERS.indexOf(given.tier),
          reason: given.reason,
          recorded_by: principal.actor,
        })
        .execute();
      // The reason may tell of the patient: it stays in the table, from which it can be erased.
      const details = { job_id: row.id, row: params.row, from: TIERS[found.tier], to: given.tier };
      await recordAccess(call, { action: 'tier.override', entity: `patient/${patientId}`, details }, trx);
    });
    const made = (await readTierOverrides(deps.db, row.id)).get(params.row);
    return jsonResponse(overrideView(made!), 201);
  },
);

export const listTierOverrides = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/tier-overrides',
    access: 'read',
    tag: 'Call lists',
    summary: 'Tiers of a job that a person has set against the model’s',
    params: jobParams,
    answers: {
      200: {
        description: 'The latest of each row',
        content: [
          {
            type: 'application/json',
            schema: z.object({ overrides: z.array(overrideSchema) }).meta({ id: 'TierOverrides' }),
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const { row } = await deps.jobs.get(principal.tenantId, params.id);
    const overrides = [...(await readTierOverrides(deps.db, row.id)).values()];
    const details = { rows: overrides.length };
    await recordAccess(call, { action: 'tier_overrides.view', entity: `job/${row.id}`, details });
    return jsonResponse({ overrides: overrides.map(overrideView) });
  },
);

function overrideView(given: TierOverride) {
  return {
    row: given.row,
    patient_id: given.patientId,
    scored_tier: given.scoredTier,
    tier: given.tier,
    reason: given.reason,
    recorded_at: given.recordedAt.toISOString(),
    recorded_by: given.recordedBy,
  };
}
