import { sql } from 'kysely';
import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { modelParams } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import type { Db } from '#shared/db/database.ts';

const MOST_FACILITIES = 3_000;
const share = z.number().min(0).max(1);
const cutoffs = z
  .strictObject({ medium: share, high: share })
  .refine(({ medium, high }) => medium <= high, 'the medium cut-off lies above the high one');
const tiers = z
  .strictObject({
    medium: share,
    high: share,
    facility_overrides: z
      .record(z.string().min(1).max(64), cutoffs)
      .refine(
        (given) => Object.keys(given).length <= MOST_FACILITIES,
        `at most ${MOST_FACILITIES} facilities`,
      )
      .optional(),
  })
  .refine(({ medium, high }) => medium <= high, 'the medium cut-off lies above the high one');

const setSchema = z.object({
  thresholds_version: z.int().meta({ description: '0: those of the model’s manifest' }),
  tiers: z.object({
    medium: z.number(),
    high: z.number(),
    facility_overrides: z.record(z.string(), z.object({ medium: z.number(), high: z.number() })).optional(),
  }),
  reason: z.string().nullable(),
  approver: z.string().nullable(),
  review_on: z.iso.date().nullable(),
  created_at: z.iso.datetime(),
  created_by: z.string(),
});
const answerSchema = z
  .object({
    version: z.string(),
    current: setSchema,
    review_is_due: z.boolean(),
    history: z.array(setSchema).meta({ description: 'The latest first' }),
  })
  .meta({ id: 'ModelThresholds' });
const answers = {
  200: { description: 'The thresholds', content: [{ type: 'application/json', schema: answerSchema }] },
};

export const getThresholds = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/thresholds',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'From which risks on a patient is in a tier, now and before',
    params: modelParams,
    answers,
    errors: ['model_not_found'],
  },
  async ({ deps, principal, params }) => {
    const { version } = await deps.models.modelOf(principal.tenantId, params.version);
    return jsonResponse(await thresholdsView(deps.db, principal.tenantId, version, today(deps)));
  },
);

const newThresholds = z
  .strictObject({
    tiers,
    reason: z.string().trim().min(5).max(500),
    approver: z.string().trim().min(2).max(200),
    review_on: dayParameter.meta({ description: 'By when they are to be looked at anew' }),
  })
  .meta({ id: 'NewThresholds' });

export const putThresholds = route(
  {
    method: 'PUT',
    path: '/v1/models/{version}/thresholds',
    access: 'admin',
    tag: 'Models',
    summary: 'Set the thresholds of a model for your tenant',
    description:
      'A new version; the ones before stay. Jobs that are accepted from now on, and online predictions within seconds, take their tiers from it; jobs that were accepted keep theirs.',
    params: modelParams,
    requestBody: {
      description: 'The cut-offs, why, who answers for them and when they are looked at anew',
      content: [
        {
          type: 'application/json',
          schema: newThresholds,
          example:
            '{"tiers":{"medium":0.08,"high":0.2},"reason":"Twelve case managers can call 5 % of patients","approver":"Dr. A. Bello","review_on":"2027-05-31"}',
        },
      ],
    },
    answers,
    errors: ['model_not_found', 'invalid_body', 'empty_body', 'malformed_json', 'body_too_large'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const given = await jsonBody(call, newThresholds);
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    await deps.db.transaction().execute(async (trx) => {
      await sql`SELECT pg_advisory_xact_lock(hashtext('iit.thresholds'), ${principal.tenantId}::int)`.execute(
        trx,
      );
      const { next } = await trx
        .selectFrom('threshold_sets')
        .select(sql<number>`coalesce(max(version), 0) + 1`.as('next'))
        .where('tenant_id', '=', principal.tenantId)
        .where('model_id', '=', model.id)
        .executeTakeFirstOrThrow();
      await trx
        .insertInto('threshold_sets')
        .values({
          tenant_id: principal.tenantId,
          model_id: model.id,
          version: next,
          tiers: JSON.stringify(given.tiers),
          reason: given.reason,
          approver: given.approver,
          review_on: given.review_on,
          created_by: principal.actor,
        })
        .execute();
      const details = { thresholds_version: next, before: model.manifest.tiers, ...given };
      await recordAccess(call, { action: 'thresholds.set', entity: `model/${model.version}`, details }, trx);
    });
    return jsonResponse(await thresholdsView(deps.db, principal.tenantId, params.version, today(deps)));
  },
);

type Today = { zone: { dayOf: (ms: number) => number }; clock: { nowMs: () => number } };

/** Days since 1970-01-01. */
function today({ zone, clock }: Today): number {
  return zone.dayOf(clock.nowMs());
}

async function thresholdsView(db: Db, tenantId: number, version: string, day: number) {
  const model = await db
    .selectFrom('models')
    .select(['id', 'created_at', 'created_by'])
    .select(sql<z.infer<typeof tiers>>`manifest -> 'tiers'`.as('tiers'))
    .select(sql<string | null>`manifest -> 'governance' ->> 'approver'`.as('approver'))
    .select(sql<string | null>`manifest -> 'governance' ->> 'thresholds_review'`.as('review_on'))
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  const sets = await db
    .selectFrom('threshold_sets')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', model.id)
    .orderBy('version', 'desc')
    .limit(100)
    .execute();
  const shipped = {
    thresholds_version: 0,
    tiers: model.tiers,
    reason: null,
    approver: model.approver,
    review_on: model.review_on,
    created_at: model.created_at.toISOString(),
    created_by: model.created_by,
  };
  const history = [
    ...sets.map((set) => ({
      thresholds_version: set.version,
      tiers: set.tiers,
      reason: set.reason,
      approver: set.approver,
      review_on: set.review_on,
      created_at: set.created_at.toISOString(),
      created_by: set.created_by,
    })),
    shipped,
  ];
  const current = history[0]!;
  const isDue = current.review_on !== null && Date.parse(current.review_on) / 86_400_000 <= day;
  return { version, current, review_is_due: isDue, history };
}
