import { sql } from 'kysely';
import type { ApiDeps } from '#api/deps.ts';
import { decodeBody } from '#api/ingest/body.ts';
import type { CohortLayout } from '#api/ingest/cohort-layout.ts';
import { unreadInput } from '#api/ingest/input-format.ts';
import { inputOptions } from '#api/ingest/input-query.ts';
import { receiveCohort } from '#api/ingest/receive-cohort.ts';
import type { Db } from '#shared/db/database.ts';
import { toServiceError } from '#api/http/problem.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { finishReceiving } from '#shared/jobs/finish-receiving.ts';
import type { JobInput } from '#shared/jobs/job-input.ts';
import { abortJob } from '#shared/jobs/stop-job.ts';
import { isPassing, MOST_ATTEMPTS, pauseAfter } from './attempts.ts';
import type { ObjectStore } from './object-store.ts';
import { ObjectWriter } from './object-writer.ts';
import {
  endSource,
  giveBack,
  keepSource,
  LostLeaseError,
  noteProgress,
  objectsOf,
  type SourceObject,
  sourceOptions,
  type TakenSource,
} from './source-store.ts';

export type ReadDeps = Pick<
  ApiDeps,
  'config' | 'db' | 'clock' | 'zone' | 'log' | 'models' | 'uploads' | 'readers' | 'doorbell'
> & { store: ObjectStore };

const HEARTBEAT_MS = 5_000;
/** While others have the places of uploads. */
const BUSY_PAUSE_SECONDS = 2;

const UNDECLARED = {
  mediaType: 'application/octet-stream',
  source: undefined,
  encoding: undefined,
  boundary: undefined,
} as const;

/**
 * Reads the objects of a source that are not read yet, in their order, each whole or not at all; then the job has been
 * received. What can be had later is tried again; what cannot ends the job with the reason and the object's name. Never throws.
 */
export async function readSource(deps: ReadDeps, source: TakenSource, stopping: AbortSignal): Promise<void> {
  const { db, log } = deps;
  const { jobId } = source;
  const lost = new AbortController();
  const signal = AbortSignal.any([stopping, lost.signal]);
  const heartbeat = setInterval(() => {
    keepSource(db, source).catch((error: unknown) => {
      if (error instanceof LostLeaseError) lost.abort(error);
    });
  }, HEARTBEAT_MS);
  try {
    await readObjects(deps, source, signal);
    log.info({ jobId }, 'all objects of a job were read');
  } catch (error) {
    if (error instanceof LostLeaseError || lost.signal.aborted) return;
    await afterFailure(deps, source, error, stopping.aborted).catch((failure: unknown) => {
      log.warn({ err: failure, jobId }, 'a source was not given back; its lease ends');
    });
  } finally {
    clearInterval(heartbeat);
  }
}

async function readObjects(deps: ReadDeps, source: TakenSource, signal: AbortSignal): Promise<void> {
  const { db } = deps;
  const objects = await objectsOf(db, source.jobId);
  let recordsBefore = 0;
  for (const { rowCount, ...object } of objects) {
    if (rowCount === null) recordsBefore += await readObject(deps, source, object, recordsBefore, signal);
    else recordsBefore += rowCount;
  }
  await db.transaction().execute(async (trx) => {
    await endSource(trx, source, 'read');
    await finishReceiving(trx, source.jobId);
  });
}

/** Returns how many records the object has. */
async function readObject(
  deps: ReadDeps,
  source: TakenSource,
  object: SourceObject,
  recordsBefore: number,
  signal: AbortSignal,
): Promise<number> {
  const { config, db, models, store } = deps;
  signal.throwIfAborted();
  const model = await models.modelOf(source.tenantId, source.modelVersion);
  const options = sourceOptions.parse(source.options);
  const input = unreadInput();
  const place = deps.uploads.enter(source.tenantId);
  try {
    const writer = new ObjectWriter(place.memory, object.key);
    let layout: CohortLayout | undefined;
    const counter = { received: 0 };
    const { rowCount } = await receiveCohort({
      body: decodeBody(
        counted(store.read(object, signal), counter),
        counter,
        'identity',
        { maxBytes: config.MAX_UPLOAD_BYTES },
        (found) => (input.compression = found),
      ),
      memory: place.memory,
      declared: UNDECLARED,
      options: inputOptions(options, { nowMs: deps.clock.nowMs(), zone: deps.zone }),
      input,
      signal,
      readers: deps.readers,
      manifest: model.manifest,
      ignoreUnknown: options.ignore_unknown,
      facilityEffect: config.FACILITY_EFFECT === 'on',
      unvalidatedFormats: config.UNVALIDATED_FORMATS,
      chunkRows: config.CHUNK_ROWS,
      recordsBefore,
      maxRowBytes: config.MAX_ROW_BYTES,
      onLayout: (found) => {
        layout = found;
        return writer;
      },
    });
    const bells = await db.transaction().execute(async (trx) => {
      await noteProgress(trx, source, object.objectNo, { first: recordsBefore + 1, count: rowCount });
      const rung = await writer.commit(trx, source.jobId);
      await describe(trx, source.jobId, layout!, input);
      return rung;
    });
    await deps.doorbell.ring(bells);
    return rowCount;
  } catch (error) {
    throw named(error, object.key);
  } finally {
    place.leave();
  }
}

/** The job tells of the first object's columns, and of every feature that one of the objects lacks. */
async function describe(trx: Db, jobId: string, layout: CohortLayout, input: JobInput): Promise<void> {
  await sql`UPDATE jobs SET input = CASE WHEN input->>'format' = 'unknown' THEN ${JSON.stringify(input)}::jsonb ELSE input END,
      ignored_columns = ARRAY(SELECT DISTINCT unnest(ignored_columns || ${layout.ignored.slice(0, 100)}::text[]) ORDER BY 1 LIMIT 100),
      absent_features = ARRAY(SELECT DISTINCT unnest(absent_features || ${layout.absentFeatures}::text[]) ORDER BY 1)
    WHERE id = ${jobId}`.execute(trx);
}

async function* counted(
  bytes: AsyncGenerator<Buffer>,
  counter: { received: number },
): AsyncGenerator<Buffer> {
  for await (const piece of bytes) {
    counter.received += piece.length;
    yield piece;
  }
}

/** A fault of an object says which one it is. */
function named(error: unknown, key: string): unknown {
  if (!(error instanceof ServiceError) || error.code.startsWith('source_') || error.retryable) return error;
  return new ServiceError(error.code, `${key.slice(-100)}: ${error.message}`, { cause: error });
}

async function afterFailure(
  deps: ReadDeps,
  source: TakenSource,
  thrown: unknown,
  isStopping: boolean,
): Promise<void> {
  const { db, log } = deps;
  const { jobId, attempts } = source;
  if (isStopping) return await giveBack(db, source, { afterSeconds: 0, uncounted: true });
  const failure = toServiceError(thrown);
  if (failure.code === 'job_finished') return await endSource(db, source, 'failed');
  const isBusy = failure.code === 'too_many_uploads' || failure.code === 'rate_limited';
  if (isBusy) return await giveBack(db, source, { afterSeconds: BUSY_PAUSE_SECONDS, uncounted: true });
  if (isPassing(thrown) && attempts < MOST_ATTEMPTS) {
    log.warn({ err: thrown, jobId, attempts }, 'an object could not be read and is tried again');
    return await giveBack(db, source, { afterSeconds: pauseAfter(attempts), uncounted: false });
  }
  log.warn({ err: thrown, jobId }, 'a job was given up: one of its objects cannot be read');
  await abortJob(db, {
    jobId,
    code: failure.code,
    message: failure.message,
    alongside: (trx) => endSource(trx, source, 'failed'),
  });
  return undefined;
}
