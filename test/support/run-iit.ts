import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const IIT = path.resolve(import.meta.dirname, '../../cli/bin/iit.js');

export type Ran = { code: number | null; stdout: string; stderr: string };

export type RunOptions = {
  env?: Record<string, string>;
  input?: string;
  /** Called with what standard error holds so far; sends the signal that it returns. */
  onStderr?: (text: string) => NodeJS.Signals | undefined;
};

/** The real command in a process of its own, which sees of the environment only what is named and a home of its own. */
export async function runIit(home: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [IIT, ...args], {
    env: { PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: path.join(home, '.cache'), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const signal = options.onStderr?.(stderr);
    if (signal !== undefined) child.kill(signal);
  });
  // A command that needs no input may be over before it has been written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
