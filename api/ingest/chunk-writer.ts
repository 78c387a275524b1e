import { encodeChunk, type ChunkRows, type EncodedChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { appendToJob, type RejectedRow } from '#shared/jobs/append-to-job.ts';
import type { Besides, CohortWriter } from './receive-cohort.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Bell } from '#shared/queue/bell.ts';
import type { Doorbell } from '#shared/queue/doorbell.ts';
import { POSTGRESQL, type Tracer } from '#shared/tracing/tracer.ts';

/** Compressing one, inserting one, and one to be ready when either ends: more only costs memory. */
const IN_FLIGHT = 3;
const HEARTBEAT_MS = 5_000;

export type ChunkWriterOptions = {
  db: Db;
  doorbell: Doorbell;
  tracer: Tracer;
  crash: CrashPoints;
  jobId: string;
  /** Settles when the job is there to be written to; its failure is the writer's. */
  opened: Promise<unknown>;
};

/**
 * Writes a job's chunks and refused rows as they come, a few at a time, and rings for each chunk once it is
 * committed. `ready` is the brake: the upload is read on only when it settles. The first failure is thrown by it, and
 * by `finish`; whatever comes after a failure is dropped.
 */
export class ChunkWriter implements CohortWriter {
  readonly #options: ChunkWriterOptions;
  readonly #inFlight = new Set<Promise<void>>();
  /** A queue that is down holds no chunk up: it costs the doorbell's own timeout once, at the end. */
  readonly #ringing = new Set<Promise<void>>();
  readonly #heartbeat: NodeJS.Timeout;
  /** One transaction at a time: each locks the job's row, so a second would only hold a connection and wait. */
  #turn: Promise<unknown> = Promise.resolve();
  #chunkNo = 0;
  #failure: unknown;
  #failed = false;

  constructor(options: ChunkWriterOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(
      () => this.#launch(async () => this.#append({ rejections: [] })),
      HEARTBEAT_MS,
    );
    this.#heartbeat.unref();
  }

  /** Encodes before it returns: the rows' arrays are the caller's again. */
  chunk(rows: ChunkRows, besides: Besides): void {
    const chunkNo = this.#chunkNo++;
    const { rowCount } = rows;
    const encoding = encodeChunk(rows);
    this.#launch(async () =>
      this.#append({ chunk: { chunkNo, rowCount, encoded: await encoding }, ...besides }),
    );
  }

  besides(besides: Besides): void {
    if (besides.rejections.length === 0 && besides.joinedRows === 0) return;
    this.#launch(async () => this.#append(besides));
  }

  async ready(): Promise<void> {
    while (this.#inFlight.size >= IN_FLIGHT && !this.#failed) await Promise.race(this.#inFlight);
    if (this.#failed) throw this.#failure;
  }

  /** Settles when everything is committed. Throws the first failure. */
  async finish(): Promise<void> {
    this.#stopHeartbeat();
    await Promise.all(this.#inFlight);
    await Promise.all(this.#ringing);
    if (this.#failed) throw this.#failure;
  }

  /** Waits for what is under way and keeps its failures to itself: the upload has failed for another reason. */
  async abandon(): Promise<void> {
    this.#failed = true;
    this.#stopHeartbeat();
    await Promise.all(this.#inFlight);
  }

  #stopHeartbeat(): void {
    clearInterval(this.#heartbeat);
  }

  #launch(work: () => Promise<void>): void {
    const task: Promise<void> = work()
      .catch((error: unknown) => {
        if (this.#failed) return;
        this.#failed = true;
        this.#failure = error;
      })
      .finally(() => this.#inFlight.delete(task));
    this.#inFlight.add(task);
  }

  async #append(appended: {
    chunk?: { chunkNo: number; rowCount: number; encoded: EncodedChunk };
    rejections: readonly RejectedRow[];
    duplicatePatients?: number;
    joinedRows?: number;
  }): Promise<void> {
    if (this.#failed) return;
    const { db, tracer, crash, jobId, opened } = this.#options;
    const { chunk } = appended;
    await opened;
    const turn = this.#turn.then(async () => {
      if (this.#failed) return undefined;
      if (chunk !== undefined) crash('mid_upload');
      const append = () => db.transaction().execute((trx) => appendToJob(trx, { jobId, ...appended }));
      if (chunk === undefined) return await append();
      const { chunkNo, rowCount } = chunk;
      const about = { ...POSTGRESQL, 'iit.job.id': jobId, 'iit.chunk.no': chunkNo, 'iit.rows': rowCount };
      return await tracer.withSpan('append chunk', about, append, { kind: 'client' });
    });
    this.#turn = turn.catch(() => undefined);
    const bell = await turn;
    if (bell === undefined) return;
    crash('after_chunk_commit');
    const ringing = this.#ring(bell).then(() => void this.#ringing.delete(ringing));
    this.#ringing.add(ringing);
    crash('mid_ring');
  }

  async #ring(bell: Bell): Promise<void> {
    const { doorbell, tracer } = this.#options;
    const about = { 'iit.job.id': bell.jobId, 'iit.chunk.no': bell.chunkNo };
    const ring = async () => void (await doorbell.ring([{ ...bell, traceparent: tracer.traceparent() }]));
    await tracer.withSpan('ring', about, ring, { kind: 'producer' });
  }
}
