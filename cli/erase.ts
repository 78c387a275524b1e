import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { erasePatient, ErasureError } from '#shared/erasure/erase-patient.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';

const USAGE = `Usage: npm run erase -- --patient ID --reason "request 17 of 3 March" [--tenant default]
Takes a patient out of every table, chunk and index; the scores stay without a name, and the log can still be verified. The reason stays
in the log for ever: write no name and no id into it. As the owner of the database (DATABASE_URL). Backups of before still have the patient.
`;

const MOST_REASON = 500;

const { values } = parseArgs({
  options: {
    patient: { type: 'string' },
    reason: { type: 'string' },
    tenant: { type: 'string', default: 'default' },
    help: { type: 'boolean' },
  },
});
const { patient, reason } = values;
if (values.help === true) {
  process.stdout.write(USAGE);
} else if (!patient || !reason || reason.length > MOST_REASON) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (reason.includes(patient)) {
  process.stderr.write('The reason has the id in it, and would stay in the log for ever.\n');
  process.exitCode = 2;
} else {
  process.exitCode = await main(patient, reason);
}

async function main(patientId: string, why: string): Promise<number> {
  const config = loadConfig();
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-erase',
    poolSize: 6,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 600_000,
  });
  const db = createDatabase(pool);
  try {
    const tenant = await db
      .selectFrom('tenants')
      .select('id')
      .where('name', '=', values.tenant)
      .executeTakeFirst();
    if (tenant === undefined) throw new ErasureError(`There is no tenant ${values.tenant}.`);
    const erasure = await erasePatient(
      { db, pool, crash: createCrashPoints(config.CRASH_AT) },
      { tenantId: tenant.id, patientId, reason: why, actor: `cli:${operatorName()}` },
    );
    process.stdout.write(`${JSON.stringify({ script: 'erase', ...erasure })}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ErasureError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    await db.destroy();
  }
}

/** A container's user is often a number without a name. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
