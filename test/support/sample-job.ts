import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type ChunkRows, encodeChunk, NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { appendToJob } from '#shared/jobs/append-to-job.ts';
import { finishReceiving } from '#shared/jobs/finish-receiving.ts';
import { registerModel } from '#shared/models/store.ts';
import type { Bell } from '#shared/queue/bell.ts';
import { randomNumbers, type SampleModel } from './sample-model.ts';

export type SampleJob = {
  jobId: string;
  bells: Bell[];
  /** The chunks' rows, as they were encoded. */
  chunks: ChunkRows[];
  rowCount: number;
};

export type SampleJobOptions = {
  model: SampleModel;
  /** Where it is registered already. */
  modelId?: number;
  chunks?: number;
  rowsPerChunk?: number;
  explain?: number;
  seed?: number;
  /** False leaves the job `receiving`. */
  finish?: boolean;
};

/** Rows of a made-up cohort: every third has no facility, every fifth no due date, one value in ten is missing. */
export function sampleRows(rowCount: number, features: number, seed: number, firstRow = 1): ChunkRows {
  const random = randomNumbers(seed);
  const ids = Array.from({ length: rowCount }, (_, row) => Buffer.from(`patient-é-${firstRow + row}`));
  const offsets = new Uint32Array(rowCount + 1);
  for (const [row, id] of ids.entries()) offsets[row + 1] = (offsets[row] as number) + id.length;
  return {
    rowCount,
    rowNumbers: Int32Array.from({ length: rowCount }, (_, row) => firstRow + row),
    patientIds: { offsets, bytes: Uint8Array.from(Buffer.concat(ids)) },
    facilities: {
      names: ['facility-a', 'facility-ü'],
      indices: Int32Array.from({ length: rowCount }, (_, row) => (row % 3 === 2 ? NO_FACILITY : row % 3)),
    },
    dueDates: Int32Array.from({ length: rowCount }, (_, row) => (row % 5 === 4 ? NO_DATE : 20_000 + row)),
    identifiers: [],
    features: Array.from({ length: features }, () =>
      Float64Array.from({ length: rowCount }, () =>
        random() < 0.1 ? NaN : Math.round(random() * 1e4) / 100,
      ),
    ),
  };
}

/** An API key that can sign nothing in; jobs need one to refer to. */
async function sampleApiKey(db: Db, name = `key-${randomUUID()}`): Promise<string> {
  const key = await db
    .insertInto('api_keys')
    .values({
      tenant_id: 1,
      name,
      lookup: randomUUID(),
      secret_hash: Buffer.alloc(32),
      scopes: ['submit', 'read'],
      expires_at: null,
      revoked_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return key.id;
}

/** Puts a job into the tables as intake does, chunk by chunk; ringing is the caller's. */
export async function insertSampleJob(db: Db, options: SampleJobOptions): Promise<SampleJob> {
  const { model, chunks: chunkCount = 3, rowsPerChunk = 50, explain = 0, seed = 7, finish = true } = options;
  const modelId = options.modelId ?? (await registerModel(db, { ...model, createdBy: 'test' })).id;
  const jobId = randomUUID();
  await db
    .insertInto('jobs')
    .values({
      id: jobId,
      tenant_id: 1,
      period: sql`now()::date`,
      name: 'sample',
      status: 'receiving',
      explain,
      model_id: modelId,
      api_key_id: await sampleApiKey(db),
      actor: 'test',
      idempotency_key: null,
      request_fingerprint: null,
      content_type: 'text/csv',
      error_code: null,
      error_message: null,
      started_at: null,
      received_at: null,
      finished_at: null,
    })
    .execute();
  const chunks: ChunkRows[] = [];
  const bells: Bell[] = [];
  for (let chunkNo = 0; chunkNo < chunkCount; chunkNo++) {
    const rows = sampleRows(
      rowsPerChunk,
      model.manifest.features.length,
      seed + chunkNo,
      1 + chunkNo * rowsPerChunk,
    );
    const encoded = await encodeChunk(rows);
    const bell = await db
      .transaction()
      .execute((trx) =>
        appendToJob(trx, { jobId, chunk: { chunkNo, rowCount: rowsPerChunk, encoded }, rejections: [] }),
      );
    chunks.push(rows);
    if (bell !== undefined) bells.push(bell);
  }
  // A lost bell is to be missed within a test's patience.
  await db
    .updateTable('chunks')
    .set({ ring_after: sql`now() + interval '1 second'` })
    .where('job_id', '=', jobId)
    .execute();
  if (finish) await db.transaction().execute((trx) => finishReceiving(trx, jobId));
  return { jobId, bells, chunks, rowCount: chunkCount * rowsPerChunk };
}
