import type { IncomingMessage } from 'node:http';

/** How much longer a client may send after its answer, so that it reads the answer instead of a broken pipe. */
const GRACE_MS = 5_000;
const GRACE_BYTES = 64 * 1024 ** 2;

/**
 * Reads what is left of a refused upload and throws it away; beyond the bounds it cuts the connection. The answer does not say
 * `Connection: close`, for Node would then close with the answer's last byte, under the client that is still sending. Does
 * nothing for a body that was read to its end.
 */
export function discardRest(incoming: IncomingMessage): void {
  if (incoming.readableEnded || incoming.destroyed) return;
  let left = GRACE_BYTES;
  const timer = setTimeout(() => incoming.destroy(), GRACE_MS);
  timer.unref();
  incoming.on('data', (bytes: Buffer) => {
    left -= bytes.length;
    if (left < 0) incoming.destroy();
  });
  incoming.once('close', () => clearTimeout(timer));
  incoming.on('error', () => undefined);
}
