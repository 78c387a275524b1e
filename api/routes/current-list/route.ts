import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { readCallPage } from '#api/calls/call-list.ts';
import { requireCurrentList } from '#api/calls/require-facility.ts';
import { CALL_LISTS } from '#api/calls/standing.ts';
import { CONTACT_RESULTS } from '#api/contacts/contacts.ts';
import { jsonResponse, route } from '#api/route.ts';
import { nextStep } from '#patients/features/people-reasons.ts';
import { reasonSentence, stepSentence } from '#patients/features/reason-messages.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { TIERS } from '#shared/models/manifest.ts';
import type { TierOverride } from '#shared/tiers/tier-overrides.ts';

const count = z.int().nonnegative();
const date = z.iso.date().nullable();
const contact = z
  .object({ result: z.enum(CONTACT_RESULTS), contacted_on: z.iso.date(), recorded_by: z.string() })
  .nullable();

const answer = z
  .object({
    facility_id: z.string(),
    job_id: z.uuid(),
    model: z.string(),
    finished_at: z.iso.datetime(),
    format_not_validated: z.boolean().meta({
      description: 'The model was not tried on such an input: its risks may be far off',
    }),
    counts: z.object({ due: count, missed: count, interrupted: count, unknown: count }),
    total: count,
    patients: z.array(
      z.object({
        patient_id: z.string(),
        risk: z.number(),
        tier: z.enum(TIERS),
        tier_override: z
          .object({ scored_tier: z.enum(TIERS), reason: z.string(), recorded_by: z.string() })
          .nullable()
          .meta({ description: 'Where a person has set the tier against the model’s' }),
        due_date: date,
        days_to_due: z.int().nullable(),
        days_left_to_day_28: z.int().nullable(),
        last_pickup: date,
        age: z.number().nullable(),
        sex: z.string().nullable(),
        hospital_number: z.string().nullable(),
        case_manager: z.string().nullable(),
        reasons: z
          .array(z.string())
          .meta({ description: 'At most three, for people; facts stand beside them' }),
        next_step: z.string(),
        contact,
      }),
    ),
    not_scored: z.array(
      z.object({
        patient_id: z.string(),
        due_date: date,
        code: z.string(),
        reason: z.string(),
        contact,
      }),
    ),
    next_after: count.nullable().meta({ description: '`after` of the next page; null on the last' }),
  })
  .meta({ id: 'CallList' });

export const currentListRoute = route(
  {
    method: 'GET',
    path: '/v1/facilities/{facility_id}/calls',
    access: 'read',
    permission: 'calls',
    tag: 'Call lists',
    summary: 'Whom to call: a facility’s current list',
    description:
      'The last run of the nightly name that had the facility, with what came of calls. Who was not scored follows after the scored ones. The service audits each reading.',
    params: z.object({ facility_id: z.string().min(1).max(64) }),
    query: z.strictObject({
      list: z.enum(CALL_LISTS).default('due').meta({
        description:
          'due: within 30 days · missed: past due, day 28 not yet over · interrupted · unknown: not enough data',
      }),
      tier: z.enum(TIERS).optional(),
      capacity: z.coerce.number().int().min(1).max(500).default(50),
      sort: z.enum(['risk', 'days']).default('risk'),
      after: z.coerce.number().int().positive().optional(),
      on: dayParameter.optional().meta({ description: 'The day from which days are counted; today' }),
    }),
    answers: {
      200: { description: 'One page', content: [{ type: 'application/json', schema: answer }] },
    },
    errors: ['not_found', 'invalid_query'],
  },
  async (call) => {
    const { deps, principal, params, query } = call;
    const list = await requireCurrentList(call, params.facility_id);
    const today =
      query.on === undefined ? deps.zone.dayOf(deps.clock.nowMs()) : Date.parse(query.on) / 86_400_000;
    const page = await readCallPage(
      deps,
      principal.tenantId,
      list,
      { ...query, search: undefined, limit: query.capacity, tier: query.tier, after: query.after, today },
      call.signal,
    );
    await recordAccess(call, {
      action: 'calls.view',
      entity: `facility/${list.facilityId}`,
      details: { job_id: list.jobId, list: query.list, rows: page.rows.length + page.unscored.length },
    });
    const day = (value: number | undefined) => (value === undefined ? null : isoDateOf(value));
    const said = (made: (typeof page.rows)[number]['contact']) =>
      made === undefined
        ? null
        : { result: made.result, contacted_on: made.contactedOn, recorded_by: made.recordedBy };
    return jsonResponse({
      facility_id: list.facilityId,
      job_id: list.jobId,
      model: list.modelVersion,
      finished_at: list.finishedAt.toISOString(),
      format_not_validated: list.isFormatUnvalidated,
      counts: page.counts,
      total: page.total,
      patients: page.rows.map((row) => ({
        patient_id: row.patientId,
        risk: row.risk,
        tier: row.tier,
        tier_override: row.override === undefined ? null : overrideView(row.override),
        due_date: day(row.dueDay),
        days_to_due: row.daysToDue ?? null,
        days_left_to_day_28: row.daysLeft ?? null,
        last_pickup: day(row.facts.lastPickupDay),
        age: row.facts.age ?? null,
        sex: row.facts.sex ?? null,
        hospital_number: row.facts.identifiers.hospital_number ?? null,
        case_manager: row.facts.identifiers.case_manager ?? null,
        reasons: row.facts.raising.map(reasonSentence),
        next_step: stepSentence(nextStep(row.facts.raising, row.daysToDue)),
        contact: said(row.contact),
      })),
      not_scored: page.unscored.map((row) => ({
        patient_id: row.patientId,
        due_date: day(row.dueDay),
        code: row.code,
        reason: row.message,
        contact: said(row.contact),
      })),
      next_after: page.next ?? null,
    });
  },
);

function overrideView({ scoredTier, reason, recordedBy }: TierOverride) {
  return { scored_tier: scoredTier, reason, recorded_by: recordedBy };
}
