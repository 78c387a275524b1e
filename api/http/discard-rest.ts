import type { IncomingMessage, ServerResponse } from 'node:http';

/** How much longer a client may send after its answer, so that it reads the answer instead of a broken pipe. */
const GRACE_MS = 5_000;
const GRACE_BYTES = 64 * 1024 ** 2;

/**
 * Reads what is left of a refused upload and throws it away, within bounds, then closes the connection: our side with the
 * answer, the client's when it has sent all. Node alone would close both with the answer's last byte, and the client, still
 * sending, would find a broken pipe instead of the answer. Does nothing for a body that was read to its end.
 */
export function discardRest(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.readableEnded || incoming.destroyed) return;
  if (!outgoing.headersSent) {
    outgoing.setHeader('connection', 'close');
    linger(incoming);
  }
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

/** What closes the socket behind the last answer waits for the body's end. */
function linger(incoming: IncomingMessage): void {
  const { socket } = incoming;
  const destroySoon = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    if (incoming.readableEnded || incoming.destroyed) {
      destroySoon();
      return;
    }
    socket.end();
    incoming.once('end', destroySoon);
  };
}
