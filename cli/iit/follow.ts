import type { IitClient, Job } from '#client/index.ts';
import type { Context } from './context.ts';
import { CommandError, EXIT } from './exit.ts';
import { count } from './output.ts';
import { NO_PROGRESS, startProgress } from './progress.ts';

/**
 * Follows a run to its end with a bar.
 * @throws CommandError with exit code 6 after `timeoutMs`: the run goes on.
 */
export async function followRun(
  { out, signal }: Context,
  client: IitClient,
  id: string,
  timeoutMs: number,
): Promise<Job> {
  const short = id.slice(0, 8);
  out.say(`Following run ${short}; Ctrl-C leaves it running.`);
  const progress = out.quiet ? NO_PROGRESS : await startProgress('scoring');
  const late = AbortSignal.timeout(timeoutMs);
  let job: Job | undefined;
  try {
    for await (job of client.watch(id, late))
      progress.show(job.progress, `${count(job.rows.scored)} of ${count(job.rows.accepted)} rows`);
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    throw new CommandError(
      `The run has not ended in time and goes on: iit runs watch ${short} follows it.`,
      EXIT.timedOut,
    );
  } finally {
    progress.stop();
  }
  if (job === undefined) throw new CommandError('The run told nothing of itself.');
  return job;
}

/** @throws CommandError with exit code 5 unless every accepted row is scored. */
export function requireCompleted(job: Job): void {
  if (job.status === 'completed') return;
  const reason = job.error === null ? '' : `: ${job.error.message} (${job.error.code})`;
  const remedy =
    job.chunks.quarantined > 0 ? `; iit runs retry ${job.id.slice(0, 8)} tries again what was left out` : '';
  throw new CommandError(`The run is ${job.status}${reason}${remedy}.`, EXIT.jobFailed);
}
