import { ServiceError } from '#shared/errors/errors.ts';
import type { MemoryBudget, Reservation } from './memory-budget.ts';

export type UploadLimiterOptions = {
  max: number;
  /** A tenant's share: the places that are left are for the others. */
  maxPerTenant: number;
  memory: MemoryBudget;
  /** Taken from the budget for each upload. */
  uploadBytes: number;
};

/** A place among the uploads, with its room in the memory budget. */
export type UploadPlace = {
  memory: Reservation;
  /** Idempotent. */
  leave: () => void;
};

/** Bounds the uploads that one process takes in at once, and a tenant's part of them; the next one is told to come back. */
export class UploadLimiter {
  readonly #options: UploadLimiterOptions;
  readonly #byTenant = new Map<number, number>();
  #open = 0;

  constructor(options: UploadLimiterOptions) {
    this.#options = options;
  }

  get open(): number {
    return this.#open;
  }

  /** To be left once the upload has ended, however it ended. @throws too_many_uploads, rate_limited, overloaded */
  enter(tenantId: number): UploadPlace {
    const { max, maxPerTenant, memory, uploadBytes } = this.#options;
    if (this.#open >= max) {
      throw new ServiceError(
        'too_many_uploads',
        'As many uploads as the service takes at once are under way.',
      );
    }
    const own = this.#byTenant.get(tenantId) ?? 0;
    if (own >= maxPerTenant) {
      throw new ServiceError(
        'rate_limited',
        `Your programme has ${own} uploads under way: let one end first.`,
      );
    }
    const held = memory.open(tenantId);
    held.add(uploadBytes);
    this.#open++;
    this.#byTenant.set(tenantId, own + 1);
    let entered = true;
    const leave = () => {
      held.release();
      if (!entered) return;
      entered = false;
      this.#open--;
      const left = (this.#byTenant.get(tenantId) ?? 1) - 1;
      if (left > 0) this.#byTenant.set(tenantId, left);
      else this.#byTenant.delete(tenantId);
    };
    return { memory: held, leave };
  }
}
