import type { ChunkState, JobStatus } from '#shared/db/schema.ts';
import { isTerminal } from '#shared/jobs/states.ts';

/** What anybody can do to a job. `which` picks from all bells or claims ever handed out, stale ones included. */
export type Action =
  | { kind: 'append'; rows: number; rejected: number }
  | { kind: 'finish' | 'cancel' | 'abort' | 'retry' | 'renew' }
  | { kind: 'claim' | 'handBack'; which: number }
  | { kind: 'commit'; which: number; slow: boolean }
  | { kind: 'fail'; which: number; maxAttempts: number }
  | { kind: 'expire'; half: number; maxAttempts: number }
  | { kind: 'rering'; half: number };

type Chunk = { state: ChunkState; epoch: number; attempts: number; rows: number };
type Hand = { chunkNo: number; epoch: number };

/** A job as docs and states.ts tell it, without a database: what every transition must come to. */
export class JobModel {
  status: JobStatus = 'receiving';
  readonly chunks: Chunk[] = [];
  readonly bells: Hand[] = [];
  readonly claims: Hand[] = [];
  #rejected = 0;
  #started = false;

  /** The outcome, or the code of the refusal. */
  do(action: Action): string {
    switch (action.kind) {
      case 'append':
        if (this.status !== 'receiving') return 'job_finished';
        this.#rejected += action.rejected;
        this.chunks.push({ state: 'pending', epoch: 1, attempts: 0, rows: action.rows });
        this.bells.push({ chunkNo: this.chunks.length - 1, epoch: 1 });
        return 'appended';
      case 'finish':
        if (this.status !== 'receiving') return 'job_finished';
        this.status = this.#started ? 'running' : 'queued';
        this.#settle();
        return 'finished';
      case 'claim': {
        const bell = pick(this.bells, action.which);
        const chunk = this.#chunkOf(bell, 'pending');
        if (bell === undefined || chunk === undefined) return 'void';
        chunk.state = 'leased';
        chunk.attempts++;
        this.#started = true;
        if (this.status === 'queued') this.status = 'running';
        this.claims.push(bell);
        return 'claimed';
      }
      case 'commit': {
        const chunk = this.#chunkOf(pick(this.claims, action.which), 'leased');
        if (chunk === undefined) return 'lost';
        chunk.state = 'done';
        this.#settle();
        return 'done';
      }
      case 'fail': {
        const chunk = this.#chunkOf(pick(this.claims, action.which), 'leased');
        return chunk === undefined ? 'lost' : this.#giveUp(chunk, action.maxAttempts);
      }
      case 'handBack': {
        const chunk = this.#chunkOf(pick(this.claims, action.which), 'leased');
        if (chunk === undefined) return 'lost';
        chunk.attempts = Math.max(0, chunk.attempts - 1);
        this.#ringAnew(chunk);
        return 'pending';
      }
      case 'renew':
        return 'renewed';
      case 'expire':
        for (const chunk of this.#half(action.half, 'leased')) this.#giveUp(chunk, action.maxAttempts);
        return 'swept';
      case 'rering':
        for (const chunk of this.#half(action.half, 'pending')) this.#ringAnew(chunk);
        return 'swept';
      case 'cancel':
        return isTerminal(this.status) ? 'job_finished' : this.#stop('cancelled');
      case 'abort':
        return this.status === 'receiving' ? this.#stop('aborted') : 'job_finished';
      case 'retry':
        return this.#retry();
    }
  }

  /** As the tables show it. */
  expected() {
    const rows = (...states: ChunkState[]) =>
      this.chunks.filter(({ state }) => states.includes(state)).reduce((sum, chunk) => sum + chunk.rows, 0);
    const count = (state: ChunkState) => this.chunks.filter((chunk) => chunk.state === state).length;
    const accepted = this.chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
    return {
      job: {
        status: this.status,
        rows_received: accepted + this.#rejected,
        rows_accepted: accepted,
        rows_rejected: this.#rejected,
        rows_scored: rows('done'),
        rows_quarantined: rows('quarantined'),
        rows_cancelled: rows('cancelled'),
        chunks_total: this.chunks.length,
        chunks_done: count('done'),
        chunks_quarantined: count('quarantined'),
        chunks_cancelled: count('cancelled'),
      },
      chunks: this.chunks.map((chunk) => ({ ...chunk, written: chunk.state === 'done' ? chunk.rows : 0 })),
    };
  }

  #chunkOf(hand: Hand | undefined, state: ChunkState): Chunk | undefined {
    const chunk = hand === undefined ? undefined : this.chunks[hand.chunkNo];
    return chunk?.state === state && chunk.epoch === hand?.epoch ? chunk : undefined;
  }

  #half(half: number, state: ChunkState): Chunk[] {
    return this.chunks.filter((chunk, chunkNo) => chunkNo % 2 === half && chunk.state === state);
  }

  #giveUp(chunk: Chunk, maxAttempts: number): 'pending' | 'quarantined' {
    if (chunk.attempts < maxAttempts) {
      this.#ringAnew(chunk);
      return 'pending';
    }
    chunk.state = 'quarantined';
    chunk.epoch++;
    this.#settle();
    return 'quarantined';
  }

  #ringAnew(chunk: Chunk): void {
    chunk.state = 'pending';
    chunk.epoch++;
    this.bells.push({ chunkNo: this.chunks.indexOf(chunk), epoch: chunk.epoch });
  }

  #settle(): void {
    if (this.status !== 'queued' && this.status !== 'running') return;
    if (this.chunks.some(({ state }) => state === 'pending' || state === 'leased')) return;
    const quarantined = this.chunks.filter(({ state }) => state === 'quarantined').length;
    if (quarantined === this.chunks.length) this.status = 'failed';
    else this.status = quarantined > 0 ? 'partial' : 'completed';
  }

  #stop(status: 'cancelled' | 'aborted'): string {
    for (const chunk of this.chunks) {
      if (chunk.state !== 'pending' && chunk.state !== 'leased') continue;
      chunk.state = 'cancelled';
      chunk.epoch++;
    }
    this.status = status;
    return status;
  }

  #retry(): string {
    if (this.status === 'cancelled' || this.status === 'aborted') return 'job_finished';
    const quarantined = this.chunks.filter(({ state }) => state === 'quarantined');
    if (quarantined.length === 0) return 'nothing_to_retry';
    if (this.status !== 'receiving') this.status = 'running';
    for (const chunk of quarantined) {
      chunk.attempts = 0;
      this.#ringAnew(chunk);
    }
    return 'retried';
  }
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list.length === 0 ? undefined : list[which % list.length];
}
