import { createIntervalTask } from '#shared/lifecycle/interval-task.ts';
import { takeOutput } from './output-store.ts';
import { type ReadDeps, readSource } from './read-source.ts';
import { takeSource } from './source-store.ts';
import { type WriteDeps, writeOutput } from './write-output.ts';

export type ObjectJobs = { start: () => void; stop: () => Promise<void> };

/**
 * Reads sources and writes outputs of jobs from object storage, one of each at a time in a process. Any number of processes share
 * them; where one dies another goes on after its lease.
 */
export function createObjectJobs(deps: ReadDeps & WriteDeps): ObjectJobs {
  const { db, log, config } = deps;
  const intervalMs = config.OBJECT_STORE_SECONDS * 1_000;
  const tasks = [
    createIntervalTask({
      name: 'read objects',
      intervalMs,
      log,
      run: async (signal) => {
        const source = signal.aborted ? undefined : await takeSource(db);
        if (source !== undefined) await readSource(deps, source, signal);
      },
    }),
    createIntervalTask({
      name: 'write objects',
      intervalMs,
      log,
      run: async (signal) => {
        const output = signal.aborted ? undefined : await takeOutput(db);
        if (output !== undefined) await writeOutput(deps, output, signal);
      },
    }),
  ];
  return {
    start: () => tasks.forEach((task) => task.start()),
    stop: async () => void (await Promise.all(tasks.map((task) => task.stop()))),
  };
}
