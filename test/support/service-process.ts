import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { SERVICE_NODE_OPTIONS } from '#dev/stack/service-process.ts';
import { freePort } from '#dev/local-services/free-port.ts';

/** A real api or worker in a process of its own. */
export type ServiceProcess = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly output: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves when the process has ended, however. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, then SIGKILL after `deadlineMs`. */
  readonly stop: (deadlineMs?: number) => Promise<void>;
};

export type ServiceOptions = {
  service: 'api' | 'worker';
  databaseUrl: string;
  queueUrl: string;
  env?: Readonly<Record<string, string | number>>;
  /** Command put in front, such as `['faketime', '+10m']`. */
  wrapper?: readonly string[];
  /** False for a process that is to die before it is ready. */
  waitUntilReady?: boolean;
};

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const READY_TIMEOUT_MS = 90_000;
const OUTPUT_LIMIT = 1_000_000;

/** Starts a service on a free port and waits until `/health/ready` says yes. Throws with its output. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const { service, databaseUrl, queueUrl, env = {}, wrapper = [], waitUntilReady = true } = options;
  const port = await freePort();
  const [command, ...args] = [
    ...wrapper,
    process.execPath,
    path.join(ROOT, service === 'api' ? 'api' : 'workers', 'main.ts'),
  ];
  const child = spawn(command ?? process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
      NODE_OPTIONS: SERVICE_NODE_OPTIONS[service],
      DATABASE_URL: databaseUrl,
      QUEUE_URL: queueUrl,
      [service === 'api' ? 'PORT' : 'WORKER_PORT']: String(port),
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
    },
  });
  let output = '';
  const keep = (data: Buffer) => (output = (output + data.toString()).slice(-OUTPUT_LIMIT));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const url = `http://127.0.0.1:${port}`;
  if (waitUntilReady && !(await becomesReady(url, child))) {
    child.kill('SIGKILL');
    throw new Error(`the ${service} did not become ready:\n${output}`);
  }
  const stop = async (deadlineMs = 30_000) => {
    if (hasEnded(child)) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    await exited;
    clearTimeout(timer);
  };
  return {
    url,
    pid: child.pid ?? 0,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    exited,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function becomesReady(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
  while (!deadline.aborted && !hasEnded(child)) {
    try {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return true;
    } catch {
      // Nobody listens yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}
