import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** An api or worker as a process of its own, as in production. */
export type ServiceProcess = {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Rejects, with the end of its log, when the process ends without having been stopped. */
  readonly died: Promise<never>;
  /** SIGTERM, then SIGKILL after the deadline. Idempotent. */
  readonly stop: () => Promise<void>;
};

export type ServiceOptions = {
  name: string;
  /** Such as api/main.ts */
  script: string;
  repository: string;
  logs: string;
  environment: Readonly<Record<string, string>>;
  readyUrl: string;
};

/**
 * How Node is run for the services, as in every deployment: a bound on the heap, and a young generation that stays small,
 * which costs nothing measurable and keeps 200 MB of garbage out of resident memory while a large upload is read.
 */
export const SERVICE_NODE_OPTIONS = {
  api: '--max-old-space-size=640 --max-semi-space-size=8',
  worker: '--max-old-space-size=768 --max-semi-space-size=8',
} as const;

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 40_000;

/**
 * Starts it in a process group of its own, so that a Ctrl-C at the terminal reaches the demo alone, which stops the
 * services in their order; resolves once it is ready.
 */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const logFile = path.join(options.logs, `${options.name}.log`);
  const log = createWriteStream(logFile);
  await once(log, 'open');
  const child = spawn(process.execPath, [options.script], {
    cwd: options.repository,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      NODE_OPTIONS: SERVICE_NODE_OPTIONS[options.script.startsWith('api') ? 'api' : 'worker'],
      ...options.environment,
    },
    stdio: ['ignore', log, log],
    detached: true,
  });
  let stopping = false;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const died = exited.then(async (): Promise<never> => {
    if (stopping) return await new Promise<never>(() => undefined);
    const tail = (await readFile(logFile, 'utf8')).split('\n').slice(-15).join('\n');
    throw new Error(
      `The ${options.name} has ended (${child.exitCode ?? child.signalCode}). Its log ends with:\n${tail}`,
    );
  });
  died.catch(() => undefined);
  const stop = async () => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(kill);
    log.end();
  };
  try {
    await Promise.race([untilReady(options), died]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: options.name, pid: child.pid ?? 0, logFile, died, stop };
}

async function untilReady({ name, readyUrl }: ServiceOptions): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  let last = 'it did not answer';
  while (performance.now() < deadlineMs) {
    try {
      const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(3_000) });
      last = await answer.text();
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await pause(50);
  }
  throw new Error(`The ${name} did not get ready: ${last}`);
}
