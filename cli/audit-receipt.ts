import { parseArgs } from 'node:util';
import { loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { readReceipt } from '#shared/ledger/receipt.ts';

const USAGE = `Usage: npm run --silent audit:receipt -- --job ID --row N > receipt.json
The proof that a row of a job stands in the signed log; docs/verify_receipt.py checks it offline.
`;

const { values } = parseArgs({
  options: { job: { type: 'string' }, row: { type: 'string' }, help: { type: 'boolean' } },
});
const row = Number(values.row);
if (values.help === true) {
  process.stdout.write(USAGE);
} else if (values.job === undefined || !Number.isSafeInteger(row) || row < 1) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await main(values.job, row);
}

async function main(jobId: string, rowNo: number): Promise<number> {
  const pool = createPool({
    url: loadConfig().DATABASE_URL,
    applicationName: 'iit-audit-receipt',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
  });
  const db = createDatabase(pool);
  try {
    const receipt = await readReceipt({ db, pool }, { jobId, row: rowNo });
    process.stdout.write(`${JSON.stringify(receipt, null, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    await db.destroy();
  }
}
