import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export type ServerProcess = {
  readonly pid: number;
  /** The last lines that the server wrote. */
  readonly output: () => string;
  readonly running: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Sends `signal`, then SIGKILL after `deadlineMs`, and waits for the end. Idempotent. */
  readonly stop: (signal: NodeJS.Signals, deadlineMs?: number) => Promise<void>;
};

export type ServerCommand = {
  command: string;
  args: readonly string[];
  /** Started once a line of its output contains this. */
  readyText: string;
  readyTimeoutMs: number;
  uid?: number | undefined;
  gid?: number | undefined;
  cwd?: string;
};

const OUTPUT_LIMIT = 16_384;

/** Starts a server in the foreground of its own process and waits until it says that it is ready. */
export async function startServerProcess(server: ServerCommand): Promise<ServerProcess> {
  const child = spawn(server.command, [...server.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl-C at the terminal goes to the foreground group: whoever started the server decides when it stops.
    detached: true,
    ...(server.uid === undefined ? {} : { uid: server.uid }),
    ...(server.gid === undefined ? {} : { gid: server.gid }),
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
  });
  let output = '';
  const running = () => child.exitCode === null && child.signalCode === null;
  try {
    await untilReady(child, server, (text) => (output = (output + text).slice(-OUTPUT_LIMIT)));
  } catch (error) {
    if (running()) child.kill('SIGKILL');
    throw new Error(`${server.command} did not start:\n${output}`, { cause: error });
  }
  let stopping: Promise<void> | undefined;
  const stop = async (signal: NodeJS.Signals, deadlineMs: number) => {
    if (!running()) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    await exited;
    clearTimeout(timer);
  };
  return {
    pid: child.pid ?? 0,
    output: () => output,
    running,
    signal: (signal) => void child.kill(signal),
    stop: (signal, deadlineMs = 10_000) => (stopping ??= stop(signal, deadlineMs)),
  };
}

async function untilReady(
  child: ChildProcess,
  server: ServerCommand,
  keep: (text: string) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    const timer = setTimeout(() => reject(new Error('not ready in time')), server.readyTimeoutMs);
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      outcome();
    };
    const onData = (data: Buffer) => {
      const text = data.toString();
      keep(text);
      seen = (seen + text).slice(-4_096);
      if (seen.includes(server.readyText)) settle(resolve);
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code, signal) => settle(() => reject(new Error(`ended: ${code ?? signal}`))));
  });
}
