import type { Db } from '#shared/db/database.ts';
import type { Checkpoint } from '#shared/ledger/checkpoint.ts';
import type { CheckpointSink } from '#shared/ledger/checkpoint-sinks.ts';
import { createLogKeeper, type LogKeeper } from '#shared/ledger/log-keeper.ts';
import { createSigner, newCheckpointKey, type NoteSigner } from '#shared/ledger/signed-note.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { createLogger } from '#shared/log/logger.ts';

const TEST_ORIGIN = 'iit.example.org/log';

/** A store outside the database; `away` refuses everything. */
export type MemorySink = CheckpointSink & { kept: Checkpoint[]; away: boolean };

export function memorySink(): MemorySink {
  const kept: Checkpoint[] = [];
  const sink: MemorySink = {
    uri: 'memory:',
    kept,
    away: false,
    async put(checkpoint) {
      if (sink.away) throw new Error('away');
      kept.push(checkpoint);
    },
    async newest(origin) {
      if (sink.away) throw new Error('away');
      const own = kept.filter((one) => one.origin === origin).toSorted((a, b) => b.size - a.size);
      return own[0]?.note;
    },
  };
  return sink;
}

/** A keeper of the log that signs every round, and where its checkpoints go. */
export function testLogKeeper(
  db: Db,
  {
    signer,
    sink = memorySink(),
    checkpointSeconds = 0,
  }: { signer?: NoteSigner; sink?: MemorySink; checkpointSeconds?: number } = {},
): LogKeeper & { signer: NoteSigner; sink: MemorySink } {
  const known = signer ?? createSigner(TEST_ORIGIN, newCheckpointKey());
  const log = createLogger('test', 'silent');
  const keeper = createLogKeeper({
    db,
    log,
    crash: createCrashPoints(undefined),
    signer: known,
    sinks: [sink],
    checkpointSeconds,
  });
  return { ...keeper, signer: known, sink };
}

/** Adds everything that waits to the log, unsigned. */
export async function fillLog(db: Db): Promise<number> {
  const keeper = createLogKeeper({
    db,
    log: createLogger('test', 'silent'),
    crash: createCrashPoints(undefined),
    signer: undefined,
    sinks: [],
    checkpointSeconds: 0,
  });
  let added = 0;
  for (let more = await keeper.runOnce(); more > 0; more = await keeper.runOnce()) added += more;
  return added;
}
