import { ServiceError } from '#shared/errors/errors.ts';

export type PaceLimits = {
  /** 0 turns the demand off, and with it the limit on silence. */
  minBytesPerSecond: number;
  /**
   * The rate is judged over this much of waiting for the client, and a client may be silent for as long; 10,000 by
   * default. Time in which the service was the slow one does not count.
   */
  rateWindowMs?: number;
  /** From the first byte asked for to the last received; none by default. */
  deadlineMs?: number;
};

export const RATE_WINDOW_MS = 10_000;

/** Judges whether a client sends fast enough: one rule for bodies that are streamed and for those that are held. */
export class BodyPace {
  readonly #minBytesPerSecond: number;
  readonly #windowMs: number;
  readonly #endMs: number;
  #waitedMs = 0;
  #bytes = 0;

  constructor({ minBytesPerSecond, rateWindowMs = RATE_WINDOW_MS, deadlineMs = Infinity }: PaceLimits) {
    this.#minBytesPerSecond = minBytesPerSecond;
    this.#windowMs = rateWindowMs;
    this.#endMs = performance.now() + deadlineMs;
  }

  /** How long the next bytes may take; undefined: for ever. */
  get patienceMs(): number | undefined {
    const left = this.#endMs - performance.now();
    const patience = this.#minBytesPerSecond === 0 ? left : Math.min(left, this.#windowMs);
    return patience === Infinity ? undefined : Math.max(0, patience);
  }

  /** Notes bytes and the time that they were waited for. @throws upload_too_slow */
  note(bytes: number, waitedMs: number): void {
    this.#bytes += bytes;
    this.#waitedMs += waitedMs;
    if (this.#waitedMs > this.#windowMs) {
      if (this.#bytes < (this.#minBytesPerSecond * this.#waitedMs) / 1_000) throw tooSlow();
      this.#waitedMs = 0;
      this.#bytes = 0;
    }
    if (performance.now() > this.#endMs) throw tooSlow();
  }
}

export function tooSlow(): ServiceError {
  return new ServiceError(
    'upload_too_slow',
    'The upload is slower than the least rate that the service takes.',
  );
}

export function abortedBody(cause?: unknown): ServiceError {
  return new ServiceError('upload_aborted', 'The client ended the upload early.', { cause });
}
