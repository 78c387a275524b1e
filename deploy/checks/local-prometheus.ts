import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '#dev/local-services/free-port.ts';
import { startServerProcess } from '#dev/local-services/server-process.ts';

/** A real Prometheus that scrapes the given targets and is asked over its HTTP API. */
export type LocalPrometheus = AsyncDisposable & {
  /** The value of an instant query that yields one number; undefined when it yields nothing. */
  readonly query: (expression: string) => Promise<number | undefined>;
};

export type LocalPrometheusOptions = {
  /** `host:port` by job. */
  targets: Readonly<Record<string, readonly string[]>>;
  /** Put on every target, as Kubernetes discovery would. */
  labels: Readonly<Record<string, string>>;
  scrapeIntervalMs: number;
};

type Answer = { data: { result: { value: [number, string] }[] } };

/** Starts the machine's `prometheus`; its data lies in a temporary folder, removed at the end. */
export async function startLocalPrometheus(options: LocalPrometheusOptions): Promise<LocalPrometheus> {
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-prometheus-'));
  const interval = `${options.scrapeIntervalMs}ms`;
  const configuration = {
    global: { scrape_interval: interval, scrape_timeout: interval },
    scrape_configs: Object.entries(options.targets).map(([job, targets]) => ({
      job_name: job,
      static_configs: [{ targets, labels: options.labels }],
    })),
  };
  const file = path.join(folder, 'prometheus.json');
  await writeFile(file, JSON.stringify(configuration));
  const port = await freePort();
  const server = await startServerProcess({
    command: 'prometheus',
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    readyText: 'Server is ready to receive web requests',
    readyTimeoutMs: 20_000,
  });
  return {
    async query(expression) {
      const parameters = new URLSearchParams({ query: expression });
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${parameters.toString()}`);
      if (!answer.ok) throw new Error(`Prometheus answers ${answer.status}: ${await answer.text()}`);
      const { data } = (await answer.json()) as Answer;
      const [first, ...others] = data.result;
      if (others.length > 0) throw new Error(`${expression} yields ${data.result.length} series.`);
      return first === undefined ? undefined : Number(first.value[1]);
    },
    async [Symbol.asyncDispose]() {
      await server.stop('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
