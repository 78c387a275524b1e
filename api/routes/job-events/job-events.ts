import type { ApiDeps } from '#api/deps.ts';
import { isTerminal } from '#shared/jobs/states.ts';

/** A comment this often keeps proxies from taking the connection for dead. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;

/** The events of one job, encoded, until it is over or `ended` aborts. */
export async function* jobEvents(
  deps: Pick<ApiDeps, 'jobs' | 'clock'>,
  tenantId: number,
  jobId: string,
  ended: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`retry: ${RECONNECT_MS}\n\n`);
  let sent = '';
  while (!ended.aborted) {
    const job = await deps.jobs.waitUntil(
      tenantId,
      jobId,
      ({ etag }) => etag !== sent,
      deps.clock.nowMs() + HEARTBEAT_MS,
      ended,
    );
    if (ended.aborted) return;
    if (job.etag === sent) {
      yield encoder.encode(': still here\n\n');
      continue;
    }
    sent = job.etag;
    const over = isTerminal(job.row.status);
    yield encoder.encode(`event: ${over ? 'done' : 'progress'}\ndata: ${job.body}\n\n`);
    if (over) return;
  }
}
