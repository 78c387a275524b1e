import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Verification } from '#shared/audit/verification.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { type Config, loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { type Checkpoint, readCheckpoint, splitNotes } from '#shared/ledger/checkpoint.ts';
import { createSigner, parseVerifierKey } from '#shared/ledger/signed-note.ts';

const USAGE = `Usage: npm run audit:verify -- [--job ID] [--from TIME] [--to TIME] [--checkpoint PATH]… [--public-key KEY] [--rescore]

Recomputes every digest, the log over them and its checkpoints; exits with 1 when something is not as it was written.

  --checkpoint PATH  checkpoints kept outside the database: a file of one or several, or the folder of a file: sink. Without one
                     the owner of the database could have rewritten all of it.
  --public-key KEY   the verifier key that npm run audit:checkpoint prints; otherwise that of CHECKPOINT_KEY
  --rescore          score every stored input again, also where nothing was altered since
`;

const MOST_FILES = 1_000_000;

const { values } = parseArgs({
  options: {
    job: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    checkpoint: { type: 'string', multiple: true },
    'public-key': { type: 'string' },
    rescore: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  process.stdout.write(USAGE);
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const config = loadConfig();
  const checkpoints = await readCheckpoints(values.checkpoint ?? [], config);
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-audit-verify',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 600_000,
  });
  const db = createDatabase(pool);
  try {
    const found = await verifyAudit(
      { db, pool },
      {
        ...(values.job === undefined ? {} : { jobId: values.job }),
        ...(values.from === undefined ? {} : { from: timeOf('from', values.from) }),
        ...(values.to === undefined ? {} : { to: timeOf('to', values.to) }),
      },
      { checkpoints, rescore: values.rescore ?? false },
    );
    for (const problem of found.problems) {
      process.stdout.write(`${problem.kind} ${problem.ref}: ${problem.message}\n`);
    }
    process.stdout.write(`${summary(found)}\n`);
    return found.problems.length === 0 ? 0 : 1;
  } finally {
    await db.destroy();
  }
}

function summary(found: Verification): string {
  const { rows, erased, batches, events, entries, waiting, checkpoints, expired, unverifiable, problems } =
    found;
  const parts = [
    `${rows} rows (${erased} erased) in ${batches} batches, ${events} events`,
    `${entries} entries of the log (${waiting} waiting) against ${checkpoints} checkpoints`,
    ...(expired === 0 ? [] : [`${expired} batches dropped by retention`]),
    ...(unverifiable === 0 ? [] : [`${unverifiable} of before with erased patients, which cannot be hashed`]),
  ];
  return `${parts.join('; ')}: ${problems.length === 0 ? 'as they were written' : `${problems.length} problems`}`;
}

/** Throws where a file is none, or a note is not signed by the key that is trusted. */
async function readCheckpoints(paths: readonly string[], config: Config): Promise<Checkpoint[]> {
  if (paths.length === 0) return [];
  const key =
    values['public-key'] ??
    (config.CHECKPOINT_KEY === undefined
      ? undefined
      : createSigner(config.CHECKPOINT_ORIGIN, config.CHECKPOINT_KEY).verifierKey);
  if (key === undefined) throw new Error('--checkpoint needs --public-key: whose signature is trusted?');
  const verifier = parseVerifierKey(key);
  const checkpoints: Checkpoint[] = [];
  for (const path of paths) {
    for (const file of await filesOf(path)) {
      for (const note of splitNotes(await readFile(file, 'utf8'))) {
        try {
          checkpoints.push(readCheckpoint(note, verifier));
        } catch (error) {
          throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  }
  return checkpoints;
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.txt'))
    .slice(0, MOST_FILES)
    .map((entry) => join(entry.parentPath, entry.name));
}

function timeOf(option: string, text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Error(`--${option} is no time: ${text}`);
  return time;
}
