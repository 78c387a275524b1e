import { createServer, connect, type Server, type Socket } from 'node:net';

/** `pass` forwards, `black-hole` accepts and swallows without a word (no RST, no FIN), `refuse` resets at once. */
type ProxyMode = 'pass' | 'black-hole' | 'refuse';

export type TcpProxy = AsyncDisposable & {
  readonly port: number;
  /** Takes effect on open connections too; from `black-hole` back to `pass` their held bytes are lost for good. */
  readonly set: (mode: ProxyMode) => void;
  /** Resets every open connection; new ones follow the mode. */
  readonly cut: () => void;
  readonly connections: () => number;
};

/** A cable between a service and its database or queue that a test can pull. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let mode: ProxyMode = 'pass';
  const pairs = new Set<{ client: Socket; target: Socket; poisoned: boolean }>();
  const server: Server = createServer((client) => {
    if (mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    const pair = { client, target, poisoned: mode === 'black-hole' };
    pairs.add(pair);
    const forward = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => {
        if (mode === 'black-hole') pair.poisoned = true;
        if (pair.poisoned) return;
        if (!to.write(bytes)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (!pair.poisoned) to.destroy();
        if (client.destroyed && target.destroyed) pairs.delete(pair);
      });
    };
    forward(client, target);
    forward(target, client);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const cut = () => {
    for (const { client, target } of pairs) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
    pairs.clear();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    set: (next) => {
      mode = next;
      if (next === 'refuse') cut();
    },
    cut,
    connections: () => pairs.size,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      cut();
      await closed;
    },
  };
}
