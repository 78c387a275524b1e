import { createServer } from 'node:net';
import { freePort } from '../local-services/free-port.ts';

/** `wanted`, or a free port where somebody listens on that one already. */
export async function demoPort(wanted: number): Promise<number> {
  const server = createServer();
  const taken = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(true));
    server.listen(wanted, '127.0.0.1', () => resolve(wanted === 0));
  });
  if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  return taken ? await freePort() : wanted;
}
