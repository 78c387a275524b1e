import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { JobView } from '#api/jobs/job-view.ts';

/** Patients of one facility, those too who have been interrupted, have died or were transferred. */
const PATIENTS = 400;

/**
 * Sends one facility's records as its EMR writes them, everybody who ever was in care: its list then has people to trace and
 * people without enough data, which a table of patients to be scored has not.
 */
export async function submitStories(
  api: { url: string; key: string },
  options: { repository: string; seed: number },
): Promise<JobView> {
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
  const ended = once(generator, 'exit');
  const answer = await fetch(`${api.url}/v1/jobs?name=nightly&explain=5&as_of=${today}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.key}`,
      'content-type': 'application/vnd.iit.nmrs+x-ndjson',
    },
    body: ReadableStream.from(generator.stdout),
    duplex: 'half',
  });
  await ended;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The records were answered with ${answer.status}: ${text}`);
  return JSON.parse(text) as JobView;
}
