import { parseArgs } from 'node:util';
import { verifyAudit } from '#shared/audit/verify.ts';
import { loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';

const USAGE = `Usage: npm run audit:verify -- [--job ID] [--from TIME] [--to TIME]
Recomputes every digest and the chain of seals; exits with 1 when something is not as it was written.
`;

const { values } = parseArgs({
  options: {
    job: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
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
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-audit-verify',
    poolSize: 1,
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
    );
    for (const problem of found.problems) {
      process.stdout.write(`${problem.kind} ${problem.ref}: ${problem.message}\n`);
    }
    const { rows, batches, events, seals, unsealed, problems } = found;
    process.stdout.write(
      `${rows} rows in ${batches} batches, ${events} events, ${seals} seals (${unsealed} not sealed yet): ` +
        `${problems.length === 0 ? 'as they were written' : `${problems.length} problems`}\n`,
    );
    return problems.length === 0 ? 0 : 1;
  } finally {
    await db.destroy();
  }
}

function timeOf(option: string, text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Error(`--${option} is no time: ${text}`);
  return time;
}
