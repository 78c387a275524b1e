import { createServer } from 'node:http';
import { isMetricsToken } from '#api/auth/trusted.ts';
import { presentedKey } from '#api/auth/presented-key.ts';
import type { ApiDeps } from '#api/deps.ts';

const REQUEST_TIMEOUT_MS = 10_000;

/** `/metrics` on a port of its own, which no gateway leads to. METRICS_TOKEN is asked for here too where it is set. */
export async function serveMetrics(
  deps: Pick<ApiDeps, 'config' | 'metrics' | 'log'>,
  port: number,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const { config, metrics, log } = deps;
  const server = createServer((request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') return void response.writeHead(404).end();
    if (config.METRICS_TOKEN !== undefined && !isMetricsToken(deps, presentedKey(request.headers))) {
      return void response.writeHead(401, { 'www-authenticate': 'Bearer realm="metrics"' }).end();
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
      (error: unknown) => {
        log.warn({ err: error }, 'the metrics could not be gathered');
        response.writeHead(500).end();
      },
    );
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, config.HOST, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
