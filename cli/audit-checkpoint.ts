import { parseArgs } from 'node:util';
import { loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { newestCheckpoint } from '#shared/ledger/log-keeper.ts';
import { createSigner } from '#shared/ledger/signed-note.ts';

const USAGE = `Usage: npm run --silent audit:checkpoint
Prints the newest signed checkpoint of the log on stdout, to be kept outside the database, and the verifier key of CHECKPOINT_KEY on
stderr. A key is made by: openssl genpkey -algorithm ed25519 -out checkpoint-key.pem
`;

const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
if (values.help === true) process.stdout.write(USAGE);
else process.exitCode = await main();

async function main(): Promise<number> {
  const config = loadConfig();
  if (config.CHECKPOINT_KEY !== undefined) {
    const { verifierKey } = createSigner(config.CHECKPOINT_ORIGIN, config.CHECKPOINT_KEY);
    process.stderr.write(`${verifierKey}\n`);
  }
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-audit-checkpoint',
    poolSize: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
  });
  const db = createDatabase(pool);
  try {
    const checkpoint = await newestCheckpoint(db);
    if (checkpoint === undefined) {
      process.stderr.write('Nobody has signed the log yet: a worker with CHECKPOINT_KEY does.\n');
      return 1;
    }
    process.stdout.write(checkpoint.note);
    return 0;
  } finally {
    await db.destroy();
  }
}
