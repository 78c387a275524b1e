import type { ApiDeps } from '#api/deps.ts';
import { toServiceError } from '#api/http/problem.ts';
import { pauseAfter } from '#api/objects/attempts.ts';
import { createObjectJob } from '#api/objects/create-object-job.ts';
import { LostLeaseError } from '#api/objects/source-store.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { createIntervalTask, type IntervalTask } from '#shared/lifecycle/interval-task.ts';
import { documentOf } from './occurrences.ts';
import { noteRun, noteStarted, planDue, takeRun, type TakenRun } from './schedule-store.ts';

type SchedulerDeps = Pick<ApiDeps, 'db' | 'config' | 'models' | 'objects' | 'recordEvent' | 'log'>;

/** Starts what is due. Any number of processes may: each occurrence is started once, or noted as missed. */
export function createScheduler(deps: SchedulerDeps): IntervalTask {
  const { db, config, log } = deps;
  return createIntervalTask({
    name: 'schedules',
    intervalMs: config.SCHEDULE_SECONDS * 1_000,
    log,
    run: async (signal) => {
      while (!signal.aborted && (await planDue(db)));
      while (!signal.aborted) {
        const run = await takeRun(db);
        if (run === undefined) return;
        await startRun(deps, run);
      }
    },
  });
}

async function startRun(deps: SchedulerDeps, run: TakenRun): Promise<void> {
  const { db, log } = deps;
  const about = { schedule: run.name, dueAt: run.dueAt, tenant: run.submitter.tenant };
  try {
    if (run.isPaused) return await noteRun(db, run, { state: 'skipped', error: 'The schedule was paused.' });
    if (!run.isKeyGood)
      throw new ServiceError('forbidden', 'The key that made the schedule is revoked or expired.');
    if (run.overlaps && run.overlap === 'skip')
      return await noteRun(db, run, { state: 'skipped', error: 'The run before had not ended.' });
    if (run.overlaps && run.overlap === 'wait')
      throw new ServiceError('overloaded', 'The run before has not ended.', { retryable: true });
    await start(deps, run);
    log.info(about, 'a scheduled run has begun');
  } catch (error) {
    if (error instanceof LostLeaseError) return;
    await afterFailure(deps, run, error).catch((failure: unknown) =>
      log.warn({ err: failure, ...about }, 'a scheduled run was not noted; its lease ends'),
    );
  }
}

async function start(deps: SchedulerDeps, run: TakenRun): Promise<void> {
  const { submitter, query, dueAt } = run;
  const document = documentOf(run.document, run, dueAt);
  await createObjectJob(deps, {
    submitter,
    query,
    document,
    idempotency: undefined,
    alongside: async (trx, job) => {
      await noteStarted(trx, run, job.id);
      await deps.recordEvent(trx, {
        tenantId: submitter.tenantId,
        actor: submitter.actor,
        apiKeyId: submitter.keyId,
        action: 'job.submit',
        outcome: 'success',
        entity: `job:${job.id}`,
        details: {
          model: job.model,
          schedule: run.name,
          due_at: dueAt.toISOString(),
          input: document.input.uri,
          objects: job.objectCount,
          output: document.output?.uri ?? null,
        },
      });
    },
  });
}

/** What may still come (objects, the store, the end of the run before) is waited for until the deadline. */
async function afterFailure({ db, log }: SchedulerDeps, run: TakenRun, thrown: unknown): Promise<void> {
  const { code, message, retryable } = toServiceError(thrown);
  const mayCome = code === 'empty_cohort' || code === 'internal' || retryable;
  if (mayCome && !run.isPastDeadline) {
    const afterSeconds = pauseAfter(run.attempts + 1);
    return await noteRun(db, run, { state: 'starting', error: message, afterSeconds });
  }
  const state = mayCome ? 'missed' : 'failed';
  await noteRun(db, run, { state, error: message });
  log.error(
    { schedule: run.name, dueAt: run.dueAt, state, reason: message, err: thrown },
    'a scheduled run did not begin',
  );
  return undefined;
}
