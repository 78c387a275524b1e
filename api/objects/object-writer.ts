import type { Besides, CohortWriter } from '#api/ingest/receive-cohort.ts';
import type { Reservation } from '#api/limits/memory-budget.ts';
import { encodeChunk, type ChunkRows, type EncodedChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { appendToJob } from '#shared/jobs/append-to-job.ts';
import type { Bell } from '#shared/queue/bell.ts';

type Piece = Besides & { chunk?: { rowCount: number; encoded: EncodedChunk } };

/** Compressing one and one to be ready when it ends. */
const ENCODING_AT_ONCE = 2;

/**
 * Holds what an object brings, compressed, until all of it is there: an object enters its job whole or not at all, so that
 * whoever goes on after a process has died reads it anew and nothing is there twice.
 */
export class ObjectWriter implements CohortWriter {
  readonly #memory: Reservation;
  readonly #key: string;
  readonly #pieces: Promise<Piece>[] = [];
  #encoding = 0;
  #failure: unknown;

  /** `key` stands as the sheet of what is refused: which of the objects it was in. */
  constructor(memory: Reservation, key: string) {
    this.#memory = memory;
    this.#key = key.slice(-200);
  }

  chunk(rows: ChunkRows, besides: Besides): void {
    const { rowCount } = rows;
    this.#encoding++;
    const piece = encodeChunk(rows).then((encoded) => {
      this.#encoding--;
      this.#memory.add(encoded.payload.length);
      return { ...besides, chunk: { rowCount, encoded } };
    });
    piece.catch((error: unknown) => (this.#failure ??= error));
    this.#pieces.push(piece);
  }

  besides(besides: Besides): void {
    if (besides.rejections.length > 0 || besides.joinedRows > 0) this.#pieces.push(Promise.resolve(besides));
  }

  async ready(): Promise<void> {
    if (this.#encoding >= ENCODING_AT_ONCE) await Promise.allSettled(this.#pieces.slice(-ENCODING_AT_ONCE));
    if (this.#failure !== undefined) throw this.#failure;
  }

  async finish(): Promise<void> {
    await Promise.all(this.#pieces);
  }

  /** Adds everything to the job; ring the bells after the commit. Throws `job_finished`. */
  async commit(trx: Db, jobId: string): Promise<Bell[]> {
    const job = await trx
      .selectFrom('jobs')
      .select('chunks_total')
      .where('id', '=', jobId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    let chunkNo = job.chunks_total;
    const bells: Bell[] = [];
    for (const { chunk, rejections, ...counts } of await Promise.all(this.#pieces)) {
      const bell = await appendToJob(trx, {
        jobId,
        ...counts,
        rejections: rejections.map((one) => ({ ...one, sheet: one.sheet ?? this.#key })),
        ...(chunk === undefined ? {} : { chunk: { ...chunk, chunkNo: chunkNo++ } }),
      });
      if (bell !== undefined) bells.push(bell);
    }
    return bells;
  }
}
