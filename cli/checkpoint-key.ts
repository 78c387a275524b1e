import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '#shared/config/config.ts';
import { createSigner, newCheckpointKey } from '#shared/ledger/signed-note.ts';

const USAGE = `Usage: npm run --silent audit:key -- FILE
Makes the private key that signs checkpoints of the log, unless FILE is there, and prints the verifier key that belongs to it and to
CHECKPOINT_ORIGIN. The file is a secret of the workers alone (CHECKPOINT_KEY_FILE); the verifier key is none, and is published.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' } },
});
const [file] = positionals;
if (values.help === true) {
  process.stdout.write(USAGE);
} else if (file === undefined || positionals.length > 1) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await main(file);
}

async function main(path: string): Promise<number> {
  // Nothing is asked of a database here; its address is only one of the settings that are read together.
  const { CHECKPOINT_ORIGIN } = loadConfig({ DATABASE_URL: 'postgres://localhost', ...process.env });
  try {
    const pem = await keyIn(path);
    process.stdout.write(`${createSigner(CHECKPOINT_ORIGIN, pem).verifierKey}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${path}: ${(error as Error).message}\n`);
    return 1;
  }
}

/** The key of the file, made where there is none. */
async function keyIn(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, newCheckpointKey(), { mode: 0o400, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return await readFile(path, 'utf8');
}
