import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type JobRow, selectJobs } from './job-row.ts';
import { jobView, type JobView } from './job-view.ts';

export type JobSnapshot = {
  row: JobRow;
  view: JobView;
  body: string;
  /** Weak validator over everything but eta_seconds, which time alone changes. */
  etag: string;
};

export type JobReaderOptions = {
  db: Db;
  clock: Clock;
  /** How old a snapshot may be: a thousand polls a second cost a job five reads a second. */
  maxAgeMs?: number;
  /** Pause between two looks of those who wait for a change. */
  tickMs?: number;
  cacheSize?: number;
};

/**
 * Reads jobs for pollers. Snapshots are shared for `maxAgeMs`; jobs asked for in the same turn are read by one
 * statement, and all who wait look again on one common tick.
 */
export class JobReader {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #tickMs: number;
  readonly #cache: LRUCache<string, { snapshot: JobSnapshot; readAtMs: number }>;
  #batch: { ids: Set<string>; rows: Promise<Map<string, JobSnapshot>> } | undefined;
  #tick: Promise<void> | undefined;

  constructor(options: JobReaderOptions) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#maxAgeMs = options.maxAgeMs ?? 200;
    this.#tickMs = options.tickMs ?? 250;
    this.#cache = new LRUCache({ max: options.cacheSize ?? 2_000 });
  }

  /** Throws `not_found` for a job that is not there or is another tenant's. */
  async get(tenantId: number, jobId: string): Promise<JobSnapshot> {
    const cached = this.#cache.get(jobId);
    const snapshot =
      cached !== undefined && this.#clock.nowMs() - cached.readAtMs < this.#maxAgeMs
        ? cached.snapshot
        : await this.#read(jobId);
    if (snapshot === undefined || snapshot.row.tenant_id !== tenantId) {
      throw new ServiceError('not_found', 'There is no such job.');
    }
    return snapshot;
  }

  /** The job as it is now, not as it was a moment ago. */
  async fresh(tenantId: number, jobId: string): Promise<JobSnapshot> {
    this.#cache.delete(jobId);
    this.#batch = undefined;
    return await this.get(tenantId, jobId);
  }

  /** Looks until `enough` says so, `deadlineMs` (by the clock) has passed or a signal aborts; then the last look. */
  async waitUntil(
    tenantId: number,
    jobId: string,
    enough: (snapshot: JobSnapshot) => boolean,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<JobSnapshot> {
    for (;;) {
      const snapshot = await this.get(tenantId, jobId);
      if (enough(snapshot) || signal.aborted || this.#clock.nowMs() >= deadlineMs) return snapshot;
      await this.#nextTick();
    }
  }

  async #read(jobId: string): Promise<JobSnapshot | undefined> {
    this.#batch ??= this.#openBatch();
    this.#batch.ids.add(jobId);
    return (await this.#batch.rows).get(jobId);
  }

  #openBatch() {
    const ids = new Set<string>();
    const rows = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      this.#batch = undefined;
      const readAtMs = this.#clock.nowMs();
      const found = await selectJobs(this.#db)
        .where('jobs.id', 'in', [...ids])
        .execute();
      const snapshots = new Map(found.map((row) => [row.id, snapshotOf(row)]));
      for (const [id, snapshot] of snapshots) this.#cache.set(id, { snapshot, readAtMs });
      return snapshots;
    });
    return { ids, rows };
  }

  async #nextTick(): Promise<void> {
    this.#tick ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#tick = undefined;
        resolve();
      }, this.#tickMs);
    });
    await this.#tick;
  }
}

function snapshotOf(row: JobRow): JobSnapshot {
  const view = jobView(row);
  const digest = createHash('sha256')
    .update(JSON.stringify({ ...view, eta_seconds: null }))
    .digest('base64url');
  return { row, view, body: JSON.stringify(view), etag: `W/"${digest.slice(0, 22)}"` };
}
