import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Copies the data folder of a server that is down, owners and all. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to], { timeout: 60_000 });
}
