import { ServiceError } from '#shared/errors/errors.ts';

/** Small bodies may use the last eighth of the budget, which large ones leave alone: they stay welcome under load. */
const COMMON_SHARE = 7 / 8;
const SMALL_BYTES = 64 * 1024;
const OWNER_SHARE = 1 / 2;
const RETRY_AFTER_SECONDS = 5;

/**
 * Bytes that one process holds for foreign work: bodies, decoders' windows, what a parser makes of them. Whoever wants to
 * hold more takes it from here first, so that no number of requests can outgrow the process. One owner (a tenant) may have
 * half of it: another one always finds room.
 */
export class MemoryBudget {
  readonly maxBytes: number;
  #usedBytes = 0;
  readonly #byOwner = new Map<number, number>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A reservation of nothing yet, to be released however its work ends. */
  open(owner: number): Reservation {
    return new Reservation(this, owner);
  }

  /** Takes `bytes` at once. @returns a function that gives them back, idempotent. @throws overloaded */
  acquire(owner: number, bytes: number): () => void {
    const reservation = this.open(owner);
    reservation.add(bytes);
    return () => reservation.release();
  }

  /** For reservations alone; `totalBytes` is what the reservation would hold. */
  take(owner: number, bytes: number, totalBytes: number): boolean {
    const common = totalBytes > SMALL_BYTES ? this.maxBytes * COMMON_SHARE : this.maxBytes;
    const owned = (this.#byOwner.get(owner) ?? 0) + bytes;
    const ownLimit = totalBytes > SMALL_BYTES ? this.maxBytes * OWNER_SHARE : this.maxBytes;
    if (this.#usedBytes + bytes > common || owned > ownLimit) return false;
    this.#usedBytes += bytes;
    this.#byOwner.set(owner, owned);
    return true;
  }

  give(owner: number, bytes: number): void {
    this.#usedBytes -= bytes;
    const left = (this.#byOwner.get(owner) ?? 0) - bytes;
    if (left > 0) this.#byOwner.set(owner, left);
    else this.#byOwner.delete(owner);
  }
}

/** What one piece of work holds of the budget. */
export class Reservation {
  readonly #budget: MemoryBudget;
  readonly #owner: number;
  #bytes = 0;

  constructor(budget: MemoryBudget, owner: number) {
    this.#budget = budget;
    this.#owner = owner;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws overloaded where the process, or the owner's half of it, has no room: come back. */
  add(bytes: number): void {
    if (!this.#budget.take(this.#owner, bytes, this.#bytes + bytes)) {
      throw new ServiceError('overloaded', 'The service holds as much foreign data as it may; try again.', {
        retryable: true,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    this.#bytes += bytes;
  }

  /** Idempotent. */
  release(): void {
    if (this.#bytes > 0) this.#budget.give(this.#owner, this.#bytes);
    this.#bytes = 0;
  }
}
