import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type RunOptions = {
  cwd?: string;
  environment?: Readonly<Record<string, string>>;
  input?: string;
  timeoutMs?: number;
};

export type Finished = { stdout: string; stderr: string };

const OUTPUT_LIMIT = 64 * 1024 ** 2;

/** Runs a program to its end. @throws when it ends badly or in no time, with the end of what it wrote. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 300_000,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on(
      'data',
      (data: Buffer) => (output[name] = (output[name] + data.toString()).slice(-OUTPUT_LIMIT)),
    );
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0) return output;
  const shown = [command, ...args].join(' ').slice(0, 160);
  const tail = `${output.stdout}${output.stderr}`.trim().slice(-2_000);
  throw new Error(`${shown} ended with ${code ?? signal}:\n${tail}`);
}
