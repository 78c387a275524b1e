/**
 * Waits for `work` at most `timeoutMs`, or until the signal aborts; then throws what `late` makes of the reason.
 * The work itself goes on unheard: use it only where a late end does no harm.
 */
export async function withinMs<T>(
  work: Promise<T>,
  timeoutMs: number,
  late: (reason: unknown) => Error,
  signal?: AbortSignal,
): Promise<T> {
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  work.catch(() => undefined);
  return await new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(late(stop.reason));
    if (stop.aborted) return onAbort();
    stop.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', onAbort));
  });
}
