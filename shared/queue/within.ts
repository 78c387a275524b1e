import { ServiceError } from '#shared/errors/errors.ts';
import { withinMs as within } from '#shared/lifecycle/within.ts';

/** Waits for the queue at most `timeoutMs`, or until the signal aborts; then throws `queue_unavailable`. */
export async function withinMs<T>(work: Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  const late = (cause: unknown) =>
    new ServiceError('queue_unavailable', 'The queue did not answer in time.', { cause, retryable: true });
  return await within(work, timeoutMs, late, signal);
}
