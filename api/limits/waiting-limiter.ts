import { ServiceError } from '#shared/errors/errors.ts';

/** Bounds the answers that one key lets stand open: event streams and long polls. */
export class WaitingLimiter {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns what frees the place, idempotent. @throws rate_limited */
  enter(keyId: string): () => void {
    const open = this.#open.get(keyId) ?? 0;
    if (open >= this.#max) {
      throw new ServiceError(
        'rate_limited',
        `The key has ${open} streams and long polls open: end one first.`,
      );
    }
    this.#open.set(keyId, open + 1);
    let entered = true;
    return () => {
      if (!entered) return;
      entered = false;
      const left = (this.#open.get(keyId) ?? 1) - 1;
      if (left > 0) this.#open.set(keyId, left);
      else this.#open.delete(keyId);
    };
  }
}
