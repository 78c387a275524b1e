import { spawn } from 'node:child_process';
import type { IitClient, Job } from '#client/index.ts';

/** Patients of one facility, those too who have been interrupted, have died or were transferred. */
const PATIENTS = 400;

/**
 * Sends one facility's records as its EMR writes them, everybody who ever was in care: its list then has people to trace and
 * people without enough data, which a table of patients to be scored has not.
 */
export async function submitStories(
  client: IitClient,
  options: { repository: string; seed: number },
): Promise<Job> {
  const today = new Date().toISOString().slice(0, 10);
  const generator = spawn(
    process.execPath,
    [
      'models/synthetic/main.ts',
      '--kind',
      'nmrs',
      '--population',
      'ever',
      '--rows',
      String(PATIENTS),
      '--seed',
      String(options.seed),
      '--as-of',
      today,
    ],
    { cwd: options.repository, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { job } = await client.submit(
    () => generator.stdout,
    { name: 'nightly', explain: 5, as_of: today, source: 'nmrs' },
    { isRepeatable: false },
  );
  return job;
}
