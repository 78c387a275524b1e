import { sql } from 'kysely';
import type { JobDocument, JobQuery, Submitter } from '#api/objects/create-object-job.ts';
import { LostLeaseError } from '#api/objects/source-store.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { nextOccurrence, occurrencesUntil, type Rhythm } from './occurrences.ts';

export type Overlap = 'skip' | 'wait' | 'allow';
export type CatchUp = 'none' | 'latest';

export type NewSchedule = Rhythm & {
  query: JobQuery;
  document: JobDocument;
  overlap: Overlap;
  catchUp: CatchUp;
  deadlineMinutes: number;
};

export type ScheduleView = NewSchedule & {
  name: string;
  actor: string;
  nextAt: Date;
  pausedAt: Date | null;
};

export type RunState = 'starting' | 'started' | 'skipped' | 'missed' | 'failed';

export type RunView = {
  dueAt: Date;
  state: RunState;
  jobId: string | null;
  attempts: number;
  error: string | null;
};

/** An occurrence that this process starts, for as long as its lease. */
export type TakenRun = Rhythm & {
  scheduleId: string;
  name: string;
  dueAt: Date;
  attempts: number;
  /** On PostgreSQL's clock. */
  isPastDeadline: boolean;
  isPaused: boolean;
  isKeyGood: boolean;
  /** A run before this one has a job that is not over. */
  overlaps: boolean;
  overlap: Overlap;
  query: JobQuery;
  document: JobDocument;
  submitter: Submitter;
};

const MOST_SCHEDULES = 100;
/** An occurrence that is noticed so late was missed. */
const LATE_MINUTES = 10;
/** Of what was missed at once, so many are noted. */
const MOST_MISSED = 100;
const LEASE_SECONDS = 60;

/** Makes a schedule, or replaces one of its name. Throws `invalid_body` for a cron without a next time. */
export async function putSchedule(
  trx: Db,
  name: string,
  schedule: NewSchedule & { submitter: Submitter },
): Promise<void> {
  const { submitter } = schedule;
  const { rows } = await sql<{ now: Date; count: number }>`
    SELECT clock_timestamp() AS now, (SELECT count(*) FROM schedules
      WHERE tenant_id = ${submitter.tenantId} AND name <> ${name}) AS count`.execute(trx);
  const { now, count } = rows[0]!;
  if (count >= MOST_SCHEDULES)
    throw new ServiceError('invalid_body', `A tenant has at most ${MOST_SCHEDULES} schedules.`, {
      field: 'name',
    });
  const nextAt = nextOccurrence(schedule, now);
  if (nextAt === undefined)
    throw new ServiceError('invalid_body', '`cron`: There is no such time to come.', { field: 'cron' });
  const values = {
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    query: JSON.stringify(schedule.query),
    document: JSON.stringify(schedule.document),
    overlap: schedule.overlap,
    catch_up: schedule.catchUp,
    deadline_minutes: schedule.deadlineMinutes,
    api_key_id: submitter.keyId,
    actor: submitter.actor,
    next_at: nextAt,
  };
  await trx
    .insertInto('schedules')
    .values({ ...values, name, tenant_id: submitter.tenantId })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name']).doUpdateSet(values))
    .execute();
}

export async function listSchedules(db: Db, tenantId: number, name?: string): Promise<ScheduleView[]> {
  const rows = await db
    .selectFrom('schedules')
    .select(['name', 'cron', 'time_zone as timeZone', 'query', 'document', 'overlap', 'catch_up as catchUp'])
    .select(['deadline_minutes as deadlineMinutes', 'actor', 'next_at as nextAt', 'paused_at as pausedAt'])
    .where('tenant_id', '=', tenantId)
    .$if(name !== undefined, (query) => query.where('name', '=', name as string))
    .orderBy('name')
    .execute();
  return rows as unknown as ScheduleView[];
}

/** The newest first. Throws `not_found`. */
export async function listRuns(db: Db, tenantId: number, name: string, limit: number): Promise<RunView[]> {
  await requireSchedule(db, tenantId, name);
  return await db
    .selectFrom('schedule_runs as r')
    .innerJoin('schedules as s', 's.id', 'r.schedule_id')
    .select(['r.due_at as dueAt', 'r.state', 'r.job_id as jobId', 'r.attempts', 'r.error'])
    .where('s.tenant_id', '=', tenantId)
    .where('s.name', '=', name)
    .orderBy('r.due_at', 'desc')
    .limit(limit)
    .execute();
}

/** Throws `not_found`. */
export async function removeSchedule(trx: Db, tenantId: number, name: string): Promise<void> {
  const removed = await trx
    .deleteFrom('schedules')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .executeTakeFirst();
  if (removed.numDeletedRows === 0n) throw noSuch();
}

/** A pause leaves no debts: what falls into it is neither run nor missed. Throws `not_found`. */
export async function pauseSchedule(trx: Db, tenantId: number, name: string, paused: boolean): Promise<void> {
  const [schedule] = await listSchedules(trx, tenantId, name);
  if (schedule === undefined) throw noSuch();
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(trx);
  const nextAt = nextOccurrence(schedule, rows[0]!.now) ?? schedule.nextAt;
  await trx
    .updateTable('schedules')
    .set({
      paused_at: paused ? sql<Date>`coalesce(paused_at, now())` : null,
      ...(paused ? {} : { next_at: nextAt }),
    })
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .execute();
}

async function requireSchedule(db: Db, tenantId: number, name: string): Promise<void> {
  if ((await listSchedules(db, tenantId, name)).length === 0) throw noSuch();
}

function noSuch(): ServiceError {
  return new ServiceError('not_found', 'There is no such schedule.');
}

/**
 * Notes the occurrences of one schedule that are due: the newest is to be started, those before it, and one that is noticed too late
 * where nothing is caught up, were missed. False where none is due.
 */
export async function planDue(db: Db): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const { rows } = await sql<Rhythm & { id: string; nextAt: Date; catchUp: CatchUp; now: Date }>`
      SELECT id, cron, time_zone AS "timeZone", next_at AS "nextAt", catch_up AS "catchUp", clock_timestamp() AS now
      FROM schedules WHERE paused_at IS NULL AND next_at <= clock_timestamp()
      ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED`.execute(trx);
    const schedule = rows[0];
    if (schedule === undefined) return false;
    const { id, nextAt, now, catchUp } = schedule;
    const due = occurrencesUntil(schedule, nextAt, now, MOST_MISSED);
    const isLate = (at: Date) => now.getTime() - at.getTime() > LATE_MINUTES * 60_000;
    const runs = due.map((at, place) => {
      const isMissed = place < due.length - 1 || (catchUp === 'none' && isLate(at));
      return {
        schedule_id: id,
        due_at: at,
        state: isMissed ? ('missed' as const) : ('starting' as const),
        error: isMissed ? 'The service was not there at the time.' : null,
      };
    });
    if (runs.length > 0)
      await trx
        .insertInto('schedule_runs')
        .values(runs)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    const following = nextOccurrence(schedule, now);
    // A schedule without a time to come rests.
    await trx
      .updateTable('schedules')
      .set(following === undefined ? { paused_at: sql<Date>`now()` } : { next_at: following })
      .where('id', '=', id)
      .execute();
    return true;
  });
}

/** An occurrence that is to be started; undefined where there is none. */
export async function takeRun(db: Db): Promise<TakenRun | undefined> {
  const { rows } = await sql<Omit<TakenRun, 'submitter'> & Submitter>`
    WITH due AS (
      SELECT schedule_id, due_at FROM schedule_runs WHERE state = 'starting' AND next_at <= clock_timestamp()
      ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE schedule_runs r SET attempts = r.attempts + 1, next_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      FROM due WHERE r.schedule_id = due.schedule_id AND r.due_at = due.due_at RETURNING r.*
    )
    SELECT r.schedule_id AS "scheduleId", r.due_at AS "dueAt", r.attempts, s.name, s.cron, s.time_zone AS "timeZone",
      clock_timestamp() > r.due_at + make_interval(mins => s.deadline_minutes) AS "isPastDeadline",
      s.paused_at IS NOT NULL AS "isPaused",
      k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true) AS "isKeyGood",
      EXISTS (SELECT FROM schedule_runs b JOIN jobs j ON j.id = b.job_id WHERE b.schedule_id = r.schedule_id
        AND j.status IN ('receiving','queued','running')) AS overlaps,
      s.overlap, s.query, s.document, s.api_key_id AS "keyId", s.actor, s.tenant_id AS "tenantId", t.name AS tenant
    FROM taken r JOIN schedules s ON s.id = r.schedule_id JOIN api_keys k ON k.id = s.api_key_id
      JOIN tenants t ON t.id = s.tenant_id`.execute(db);
  return rows.map(({ keyId, actor, tenantId, tenant, ...run }) => ({
    ...run,
    submitter: { keyId, actor, tenantId, tenant },
  }))[0];
}

/** In the transaction that makes the job: the run has it, or there is none. Throws `LostLeaseError`. */
export async function noteStarted(trx: Db, run: TakenRun, jobId: string): Promise<void> {
  await noteRun(trx, run, { state: 'started', jobId });
}

/** Throws `LostLeaseError` where somebody else has taken the run since. */
export async function noteRun(
  db: Db,
  { scheduleId, dueAt, attempts }: TakenRun,
  note: { state: RunState; jobId?: string; error?: string; afterSeconds?: number },
): Promise<void> {
  const { state, jobId = null, error = null, afterSeconds = 0 } = note;
  const { rows } = await sql`
    UPDATE schedule_runs SET state = ${state}, job_id = ${jobId}, error = ${error},
      next_at = clock_timestamp() + make_interval(secs => ${afterSeconds})
    WHERE schedule_id = ${scheduleId} AND due_at = ${dueAt} AND attempts = ${attempts} AND state = 'starting'
    RETURNING 1`.execute(db);
  if (rows.length === 0) throw new LostLeaseError();
}
