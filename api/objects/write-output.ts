import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { toServiceError } from '#api/http/problem.ts';
import type { JobReader } from '#api/jobs/job-reader.ts';
import type { JobRow } from '#api/jobs/job-row.ts';
import type { ReasonTextStore } from '#api/results/reason-text-store.ts';
import type { ReasonTexts } from '#api/results/reason-texts.ts';
import { requireKept } from '#api/results/require-kept.ts';
import { RESULT_STREAMS } from '#api/results/result-streams.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Logger } from '#shared/log/logger.ts';
import { readResultRows, type ResultFilter } from '#shared/predictions/read-prediction-rows.ts';
import type { ObjectStore } from './object-store.ts';
import { isPassing, MOST_ATTEMPTS, pauseAfter } from './attempts.ts';
import { endOutput, giveOutputBack, notePart, type Part, partsOf, type TakenOutput } from './output-store.ts';
import { folderPath, placeOf } from './places.ts';
import { LostLeaseError } from './source-store.ts';

export type WriteDeps = {
  db: Db;
  pool: Pool;
  log: Logger;
  jobs: JobReader;
  reasonTexts: ReasonTextStore;
  store: ObjectStore;
};

/** A part is held whole while it is sent: some 20 MB of text. */
const PART_ROWS = 50_000;
const PAGE_ROWS = 10_000;
/** Objects that may lie in a folder: more of them are not ours in any case. */
const MOST_LISTED = 10_000;

/**
 * Writes a job's results as parts in the order of its input, then a manifest with their hashes, then `_SUCCESS`: whoever sees that
 * sees all. A part that was written and not noted when a process died is written once more, the same bytes. Never throws.
 */
export async function writeOutput(
  deps: WriteDeps,
  output: TakenOutput,
  stopping: AbortSignal,
): Promise<void> {
  const { db, log } = deps;
  const { jobId, attempts } = output;
  try {
    await write(deps, output, stopping);
    log.info({ jobId }, 'the results of a job were written to object storage');
  } catch (error) {
    if (error instanceof LostLeaseError) return;
    const failure = toServiceError(error);
    const end = async () => {
      if (stopping.aborted) return await giveOutputBack(db, output, 0);
      log.warn({ err: error, jobId, attempts }, 'results could not be written to object storage');
      if (isPassing(error) && attempts < MOST_ATTEMPTS)
        return await giveOutputBack(db, output, pauseAfter(attempts));
      return await endOutput(db, output, 'failed', failure.message);
    };
    await end().catch((failed: unknown) =>
      log.warn({ err: failed, jobId }, 'an output was not given back; its lease ends'),
    );
  }
}

async function write(deps: WriteDeps, output: TakenOutput, stopping: AbortSignal): Promise<void> {
  const { db, store, jobs, reasonTexts } = deps;
  const { jobId, tenantId, uri } = output;
  const { bucket, path } = placeOf(uri);
  const folder = folderPath(path);
  const { row: job } = await jobs.fresh(tenantId, jobId);
  await requireKept(db, job);
  const parts = await partsOf(db, jobId);
  if (parts.length === 0) await requireFree(store, bucket, folder, jobId);
  const texts = await reasonTexts.forModel(job.model_version);
  for (;;) {
    stopping.throwIfAborted();
    const made = await makePart(deps, output, job, texts, {
      partNo: parts.length,
      after: parts.at(-1)?.lastRow ?? 0,
    });
    if (made === undefined) break;
    const part = { ...made.part, key: `${folder}${made.part.key}` };
    await store.write({ bucket, key: part.key }, made.bytes, made.type);
    await notePart(db, output, part);
    parts.push(part);
  }
  const manifest = Buffer.from(`${JSON.stringify(manifestOf(job, output, parts), undefined, 2)}\n`);
  await store.write({ bucket, key: `${folder}manifest.json` }, manifest, 'application/json');
  await store.write({ bucket, key: `${folder}_SUCCESS` }, new Uint8Array(0), 'application/octet-stream');
  await endOutput(db, output, 'written');
}

/** Nothing of somebody else's is mixed with a job's parts. */
async function requireFree(store: ObjectStore, bucket: string, folder: string, jobId: string): Promise<void> {
  const there = await store.list(bucket, folder, MOST_LISTED);
  if (there.some(({ key }) => !key.includes(jobId))) {
    throw new ServiceError(
      'invalid_body',
      'Other objects lie where the results would go: name an empty folder.',
      {
        field: 'output.uri',
      },
    );
  }
}

async function makePart(
  { pool }: WriteDeps,
  { format, jobId }: TakenOutput,
  job: JobRow,
  texts: ReasonTexts,
  { partNo, after }: { partNo: number; after: number },
): Promise<{ part: Part; bytes: Buffer; type: string } | undefined> {
  const filter: ResultFilter = {
    jobId,
    period: job.period,
    order: 'input',
    tier: undefined,
    minRisk: undefined,
  };
  const { type, writer } = RESULT_STREAMS[format](texts, job);
  const pieces: Uint8Array[] = [Buffer.from(writer.head)];
  let position = { row: after, risk: 0 };
  let rowCount = 0;
  while (rowCount < PART_ROWS) {
    const rows = await readResultRows(pool, filter, position, Math.min(PAGE_ROWS, PART_ROWS - rowCount));
    const last = rows.at(-1);
    if (last === undefined) break;
    pieces.push(Buffer.from(writer.block(rows)));
    rowCount += rows.length;
    position = { row: last.row, risk: last.risk };
  }
  // A job without results has one part without rows: readers find its columns.
  if (rowCount === 0 && partNo > 0) return undefined;
  if (writer.end !== undefined) pieces.push(writer.end());
  const bytes = Buffer.concat(pieces);
  const key = `part-${String(partNo).padStart(5, '0')}-${jobId}.${format}`;
  const sha256 = createHash('sha256').update(bytes).digest();
  return {
    part: { partNo, key, rowCount, byteCount: bytes.length, sha256, lastRow: position.row },
    bytes,
    type,
  };
}

function manifestOf(job: JobRow, { format }: TakenOutput, parts: readonly Part[]): object {
  return {
    job_id: job.id,
    job_name: job.name,
    status: job.status,
    model: { version: job.model_version, sha256: job.model_sha256.toString('hex') },
    format,
    rows: parts.reduce((sum, { rowCount }) => sum + rowCount, 0),
    parts: parts.map(({ key, rowCount, byteCount, sha256 }) => ({
      key,
      rows: rowCount,
      bytes: byteCount,
      sha256: sha256.toString('hex'),
    })),
  };
}
