import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');

export type Served = AsyncDisposable & { url: string; pid: number };

export type ServedOptions = {
  /** Core that the process may use. */
  core: number;
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  url: string;
  /** Answers 200 once the service is ready. */
  readyPath: string;
};

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** A process of its own on one core, ready to be asked. */
export async function serve(options: ServedOptions): Promise<Served> {
  const child = spawn('taskset', ['-c', String(options.core), options.command, ...options.args], {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-4_000)));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.kill('SIGTERM');
    await once(child, 'exit');
    clearTimeout(timer);
  };
  try {
    await untilReady(child, options.url + options.readyPath);
  } catch (error) {
    await stop();
    throw new Error(`${options.command} ${options.args.join(' ')} did not start:\n${errors}`, {
      cause: error,
    });
  }
  return { url: options.url, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    const answered = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answered?.ok === true) return;
    if (performance.now() > deadlineMs) throw new Error('not ready in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
