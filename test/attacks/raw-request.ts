import net from 'node:net';

export type RawAnswer = { status: number; text: string };

export type RawRequest = {
  url: string;
  /** From the request line to the end of the headers, lines without CRLF. */
  head: readonly string[];
  /** Sent piece by piece; `pauseMs` between them. */
  pieces?: readonly (string | Buffer)[];
  pauseMs?: number;
  timeoutMs?: number;
};

/** Bytes as they are on a socket of one's own: what no client library would send. Status 0 where nothing was answered. */
export async function rawRequest({
  url,
  head,
  pieces = [],
  pauseMs = 0,
  timeoutMs = 30_000,
}: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  let text = '';
  const closed = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', done);
    socket.on('close', done);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.includes('\r\n\r\n')) done();
    });
  });
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await closed;
  socket.destroy();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/u.exec(text)?.[1] ?? 0), text };
}
