import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startTcpProxy } from './tcp-proxy.ts';

async function startEcho() {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

test('bytes pass, a black hole swallows them without closing, a cut resets', async () => {
  const echo = await startEcho();
  await using proxy = await startTcpProxy(echo.port);
  const client = connect(proxy.port, '127.0.0.1');
  client.write('one');
  const [first] = (await once(client, 'data')) as [Buffer];
  expect(first.toString()).toBe('one');

  proxy.set('black-hole');
  let heard = '';
  client.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  await new Promise<void>((done) => client.write('two', () => done()));
  const other = connect(proxy.port, '127.0.0.1');
  await once(other, 'connect');
  expect(heard).toBe('');
  expect(client.destroyed).toBe(false);

  const broken = once(client, 'error');
  other.on('error', () => undefined);
  proxy.cut();
  expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
  echo.server.close();
});

test('refuse resets a new connection at once', async () => {
  await using proxy = await startTcpProxy(1);
  proxy.set('refuse');
  const client = connect(proxy.port, '127.0.0.1');
  expect(await once(client, 'error').catch((error: unknown) => [error])).toMatchObject([
    { code: 'ECONNRESET' },
  ]);
});
