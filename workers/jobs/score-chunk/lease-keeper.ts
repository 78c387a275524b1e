import type { Db } from '#shared/db/database.ts';
import { type Fence, renewLeases } from '#shared/jobs/chunk-transitions.ts';
import type { Logger } from '#shared/log/logger.ts';

/** Renews the leases of the chunks in this worker's hands; a worker that hangs or dies stops renewing. */
export type LeaseKeeper = AsyncDisposable & {
  /** Written beside the lease, for operators. */
  readonly owner: string;
  readonly add: (fence: Fence) => void;
  readonly remove: (fence: Fence) => void;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

export function createLeaseKeeper(options: {
  db: Db;
  log: Logger;
  owner: string;
  leaseSeconds: number;
}): LeaseKeeper {
  const { db, log, owner, leaseSeconds } = options;
  const held = new Set<Fence>();
  let timer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> | undefined;

  const renew = async () => {
    try {
      await renewLeases(db, [...held], leaseSeconds);
    } catch (error) {
      log.warn({ err: error }, 'leases were not renewed; the next round tries again');
    }
  };
  const stop = async () => {
    clearInterval(timer);
    timer = undefined;
    await renewing;
  };
  return {
    owner,
    add: (fence) => void held.add(fence),
    remove: (fence) => void held.delete(fence),
    start: () => {
      timer ??= setInterval(
        () => {
          if (held.size > 0) renewing ??= renew().finally(() => (renewing = undefined));
        },
        (leaseSeconds * 1_000) / 3,
      );
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
