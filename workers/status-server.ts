import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { ServiceError } from '#shared/errors/errors.ts';
import { withinMs } from '#shared/lifecycle/within.ts';
import type { Logger } from '#shared/log/logger.ts';

/** A dependency that readiness asks: resolves when it answers, rejects with the reason otherwise. */
export type Check = () => Promise<void>;

export type StatusServer = AsyncDisposable & {
  readonly port: number;
  readonly stop: () => Promise<void>;
};

export type StatusServerOptions = {
  host: string;
  port: number;
  registry: Registry;
  log: Logger;
  checks: Readonly<Record<string, Check>>;
  /** True once the worker has begun to stop. */
  stopping: () => boolean;
};

const CHECK_TIMEOUT_MS = 2_000;

/** `/health/live` depends on nothing, `/health/ready` names each dependency, `/metrics` is for Prometheus. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { registry, log, checks, stopping } = options;
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', response).catch((error: unknown) => {
      log.warn({ err: error }, 'a status request failed');
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;

  const answer = async (url: string, response: ServerResponse) => {
    const path = url.split('?')[0];
    if (path === '/health/live') return json(response, 200, { status: 'ok' });
    if (path === '/health/ready' || path === '/health') {
      const { ready, dependencies } = await readiness(checks);
      const ok = ready && !stopping();
      return json(response, ok ? 200 : 503, { status: ok ? 'ok' : 'unavailable', dependencies });
    }
    if (path === '/metrics') {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
      return;
    }
    json(response, 404, { status: 'not found' });
  };

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= close(server));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { port, stop, [Symbol.asyncDispose]: stop };
}

async function readiness(checks: Readonly<Record<string, Check>>) {
  const dependencies: Record<string, string> = {};
  const late = () => new ServiceError('internal', `no answer within ${CHECK_TIMEOUT_MS} ms`);
  await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await withinMs(check(), CHECK_TIMEOUT_MS, late);
        dependencies[name] = 'ok';
      } catch (error) {
        // A driver's own words name hosts and users.
        dependencies[name] = error instanceof ServiceError ? error.message : 'cannot be reached';
      }
    }),
  );
  return { ready: Object.values(dependencies).every((state) => state === 'ok'), dependencies };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
