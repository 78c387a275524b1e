import type { Socket } from 'node:net';
import type { Pool } from 'pg';

/** What pg does not type: its socket, and the statement that waits for an answer. */
type Wired = { connection?: { stream?: Socket }; _activeQuery?: unknown };

/**
 * Destroys a connection on which a statement has been answered by nothing at all for `silenceMs`: a cable that
 * was cut sends no reset, and the operating system would wait a quarter of an hour. The statement fails and the
 * pool makes a new connection. `silenceMs` must be longer than the statement timeout.
 */
export function dropDeadPeers(pool: Pool, silenceMs: number): void {
  pool.on('connect', (client) => {
    const wired = client as unknown as Wired;
    const stream = wired.connection?.stream;
    if (stream === undefined) return;
    stream.setTimeout(silenceMs);
    stream.on('timeout', () => {
      if ((wired._activeQuery ?? null) === null) return;
      stream.destroy(new Error(`PostgreSQL has been silent for ${silenceMs} ms`));
    });
  });
}
