import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { jobDocument, requirePlaces } from '#api/objects/create-object-job.ts';
import { jsonResponse, route } from '#api/route.ts';
import { documentOf } from '#api/schedules/occurrences.ts';
import {
  listRuns,
  listSchedules,
  pauseSchedule,
  putSchedule,
  removeSchedule,
  type ScheduleView,
} from '#api/schedules/schedule-store.ts';
import { timeZone } from '#patients/values/time-zone.ts';

const params = z.object({ name: z.string().min(1).max(100) });

const scheduleBody = z
  .strictObject({
    cron: z.string().max(200).meta({ description: 'Five fields: minute, hour, day, month, weekday' }),
    time_zone: z.string().max(64).refine(isTimeZone, 'is no IANA time zone, such as Africa/Lagos').meta({
      description:
        'IANA; a time that the clocks skip is met when they have, one that comes twice the first time',
    }),
    job: jobDocument.meta({
      description: 'As of POST /v1/jobs; {date} stands for the day of the run, {date-1} for the one before',
    }),
    job_name: z.string().min(1).max(200).default('nightly'),
    model: z.string().max(100).optional(),
    explain: z.int().min(0).max(20).default(3),
    priority: z.enum(['low', 'normal', 'high']).default('normal'),
    overlap: z.enum(['skip', 'wait', 'allow']).default('wait').meta({
      description:
        'Where the job of the run before is not over: leave this one out, wait for it until the deadline, or begin beside it',
    }),
    catch_up: z.enum(['none', 'latest']).default('latest').meta({
      description: 'What is done of what fell due while the service was away: nothing, or the newest',
    }),
    deadline_minutes: z
      .int()
      .min(1)
      .max(1_440)
      .default(60)
      .meta({ description: 'So long are objects waited for that are not there; then the run was missed' }),
  })
  .meta({ id: 'NewSchedule' });

const scheduleSchema = scheduleBody
  .extend({
    name: z.string(),
    created_by: z.string(),
    next_at: z.iso.datetime().nullable().meta({ description: 'null while it is paused' }),
    paused_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Schedule' });

const runSchema = z
  .object({
    due_at: z.iso.datetime(),
    state: z.enum(['starting', 'started', 'skipped', 'missed', 'failed']),
    job_id: z.uuid().nullable(),
    attempts: z.int(),
    error: z.string().nullable(),
  })
  .meta({ id: 'ScheduleRun' });

const named = (description: string, status: 200 | 201 = 200) => ({
  [status]: { description, content: [{ type: 'application/json', schema: scheduleSchema }] },
});

export const listSchedulesRoute = route(
  {
    method: 'GET',
    path: '/v1/schedules',
    access: 'read',
    tag: 'Schedules',
    summary: 'Schedules',
    answers: {
      200: {
        description: 'By name',
        content: [
          {
            type: 'application/json',
            schema: z.object({ schedules: z.array(scheduleSchema) }).meta({ id: 'ScheduleList' }),
          },
        ],
      },
    },
  },
  async ({ deps, principal }) => {
    const schedules = await listSchedules(deps.db, principal.tenantId);
    return jsonResponse({ schedules: schedules.map(viewOf) });
  },
);

export const putScheduleRoute = route(
  {
    method: 'PUT',
    path: '/v1/schedules/{name}',
    access: 'submit',
    tag: 'Schedules',
    summary: 'Make a schedule, or replace it',
    description: 'Its jobs are submitted by this key while it is good.',
    params,
    requestBody: {
      description: 'When and what',
      content: [
        {
          type: 'application/json',
          schema: scheduleBody,
          example:
            '{"cron":"30 2 * * *","time_zone":"Africa/Lagos","job":{"input":{"uri":"s3://nights/in/{date}/*"}}}',
        },
      ],
    },
    answers: named('The schedule'),
    errors: ['invalid_body', 'empty_body', 'malformed_json', 'body_too_large', 'model_not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const given = await jsonBody(call, scheduleBody);
    const rhythm = { cron: given.cron, timeZone: given.time_zone };
    const today = documentOf(given.job, rhythm, new Date(deps.clock.nowMs()));
    requirePlaces(today, principal.tenant, deps.config.OBJECT_STORE_ALLOW);
    if (given.model !== undefined) await deps.models.modelOf(principal.tenantId, given.model);
    await deps.db.transaction().execute(async (trx) => {
      await putSchedule(trx, params.name, {
        ...rhythm,
        query: {
          name: given.job_name,
          explain: given.explain,
          priority: given.priority,
          ...(given.model === undefined ? {} : { model: given.model }),
        },
        document: given.job,
        overlap: given.overlap,
        catchUp: given.catch_up,
        deadlineMinutes: given.deadline_minutes,
        submitter: principal,
      });
      const details = { cron: given.cron, time_zone: given.time_zone, input: given.job.input.uri };
      await recordAccess(call, { action: 'schedule.put', entity: `schedule/${params.name}`, details }, trx);
    });
    const [schedule] = await listSchedules(deps.db, principal.tenantId, params.name);
    return jsonResponse(viewOf(schedule!));
  },
);

export const removeScheduleRoute = route(
  {
    method: 'DELETE',
    path: '/v1/schedules/{name}',
    access: 'submit',
    tag: 'Schedules',
    summary: 'Remove a schedule',
    params,
    answers: {
      200: {
        description: 'Removed',
        content: [
          {
            type: 'application/json',
            schema: z.object({ name: z.string(), removed: z.literal(true) }).meta({ id: 'ScheduleRemoved' }),
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    await deps.db.transaction().execute(async (trx) => {
      await removeSchedule(trx, principal.tenantId, params.name);
      await recordAccess(call, { action: 'schedule.remove', entity: `schedule/${params.name}` }, trx);
    });
    return jsonResponse({ name: params.name, removed: true });
  },
);

const turn = (verb: 'pause' | 'resume', summary: string) =>
  route(
    {
      method: 'POST',
      path: `/v1/schedules/{name}/${verb}`,
      access: 'submit',
      tag: 'Schedules',
      summary,
      params,
      answers: named('The schedule'),
      errors: ['not_found'],
    },
    async (call) => {
      const { deps, principal, params } = call;
      await deps.db.transaction().execute(async (trx) => {
        await pauseSchedule(trx, principal.tenantId, params.name, verb === 'pause');
        await recordAccess(call, { action: `schedule.${verb}`, entity: `schedule/${params.name}` }, trx);
      });
      const [schedule] = await listSchedules(deps.db, principal.tenantId, params.name);
      return jsonResponse(viewOf(schedule!));
    },
  );

export const pauseScheduleRoute = turn('pause', 'Begin no runs');
export const resumeScheduleRoute = turn('resume', 'Begin runs again');

export const listScheduleRuns = route(
  {
    method: 'GET',
    path: '/v1/schedules/{name}/runs',
    access: 'read',
    tag: 'Schedules',
    summary: 'Runs of a schedule',
    params,
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) }),
    answers: {
      200: {
        description: 'The newest first',
        content: [
          {
            type: 'application/json',
            schema: z.object({ runs: z.array(runSchema) }).meta({ id: 'ScheduleRunList' }),
          },
        ],
      },
    },
    errors: ['not_found', 'invalid_query'],
  },
  async ({ deps, principal, params, query }) => {
    const runs = await listRuns(deps.db, principal.tenantId, params.name, query.limit);
    return jsonResponse({
      runs: runs.map(({ dueAt, state, jobId, attempts, error }) => ({
        due_at: dueAt.toISOString(),
        state,
        job_id: jobId,
        attempts,
        error,
      })),
    });
  },
);

function viewOf(schedule: ScheduleView): z.output<typeof scheduleSchema> {
  const { query } = schedule;
  return {
    name: schedule.name,
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    job: schedule.document,
    job_name: query.name,
    model: query.model,
    explain: query.explain,
    priority: query.priority,
    overlap: schedule.overlap,
    catch_up: schedule.catchUp,
    deadline_minutes: schedule.deadlineMinutes,
    created_by: schedule.actor,
    next_at: schedule.pausedAt === null ? schedule.nextAt.toISOString() : null,
    paused_at: schedule.pausedAt?.toISOString() ?? null,
  };
}

function isTimeZone(name: string): boolean {
  try {
    timeZone(name);
    return true;
  } catch {
    return false;
  }
}
