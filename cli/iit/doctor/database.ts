import { sql } from 'kysely';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import { pendingMigrations } from '#shared/db/migrator.ts';
import { optional } from '../../run-command.ts';
import { clockFinding, codeOf, type Finding, fail, ok, skipped, warn } from './finding.ts';

const VERSIONS = [16, 18] as const;
const BACKUP_HOURS = 26;
const EXPIRY_DAYS = 14;

/** PostgreSQL at DATABASE_URL: its version and settings, the schema, what is active, backups, keys about to end. */
export async function checkDatabase(): Promise<Finding[]> {
  const url = optional('DATABASE_URL');
  if (url === undefined) return [skipped('PostgreSQL', 'DATABASE_URL is not set here')];
  const pool = createPool({
    url,
    applicationName: 'iit-doctor',
    poolSize: 1,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
  });
  const db = createDatabase(pool);
  try {
    return [...(await serverFindings(db)), ...(await contentFindings(db))];
  } catch (error) {
    return [
      fail(
        'PostgreSQL',
        `does not answer (${codeOf(error)})`,
        'check that it runs, and host, port and password in DATABASE_URL',
      ),
    ];
  } finally {
    await db.destroy();
  }
}

type Server = { version: number; now: Date; fsync: string; commit: string; standby: boolean };

async function serverFindings(db: Db): Promise<Finding[]> {
  const askedMs = Date.now();
  const { rows } =
    await sql<Server>`SELECT current_setting('server_version_num')::int AS version, clock_timestamp() AS now,
    current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, pg_is_in_recovery() AS standby`.execute(
      db,
    );
  const { version, now, fsync, commit, standby } = rows[0]!;
  const aheadMs = now.getTime() - (askedMs + Date.now()) / 2;
  const major = Math.floor(version / 10_000);
  const findings: Finding[] = [
    major >= VERSIONS[0] && major <= VERSIONS[1]
      ? ok('PostgreSQL', `version ${major}`)
      : warn('PostgreSQL', `version ${major}`, `the service is tested with ${VERSIONS[0]} to ${VERSIONS[1]}`),
    clockFinding('PostgreSQL', aheadMs),
  ];
  if (standby)
    findings.push(fail('primary', 'this server is a standby', 'point DATABASE_URL at the primary'));
  if (fsync === 'off' || commit === 'off')
    findings.push(
      warn(
        'durability',
        `fsync ${fsync}, synchronous_commit ${commit}`,
        'turn both on: accepted rows could be lost with the power',
      ),
    );
  return findings;
}

async function contentFindings(db: Db): Promise<Finding[]> {
  const pending = await pendingMigrations(db);
  if (pending.length > 0)
    return [
      fail(
        'schema',
        `${pending.length} migrations have not run, ${pending[0]} the first`,
        'run iit migrate as the owner',
      ),
    ];
  return [ok('schema', 'up to date'), await activeModel(db), await lastBackup(db), await endingKeys(db)];
}

async function activeModel(db: Db): Promise<Finding> {
  const { rows } = await sql<{ version: string; synthetic: boolean | null }>`
    SELECT m.version, (m.manifest->>'synthetic')::boolean AS synthetic FROM model_activations a
    JOIN models m ON m.id = a.model_id ORDER BY a.id DESC LIMIT 1`.execute(db);
  const model = rows[0];
  if (model === undefined)
    return fail(
      'active model',
      'none',
      'run iit migrate, which registers the shipped one, or iit models register',
    );
  return model.synthetic === true
    ? warn(
        'active model',
        `${model.version}, trained on SYNTHETIC data`,
        'train on your own data before anybody is called (docs/training.md)',
      )
    : ok('active model', model.version);
}

async function lastBackup(db: Db): Promise<Finding> {
  const { rows } = await sql<{ hours: number | null }>`
    SELECT extract(epoch FROM now() - max(taken_at))::float8 / 3600 AS hours FROM backups`.execute(db);
  const hours = rows[0]?.hours ?? null;
  if (hours === null)
    return warn('backup', 'none was taken', 'schedule cli/backup.ts (docs/disaster-recovery.md)');
  const detail = `the last is ${hours.toFixed(0)} hours old`;
  return hours > BACKUP_HOURS
    ? warn('backup', detail, 'see why the backup did not run')
    : ok('backup', detail);
}

async function endingKeys(db: Db): Promise<Finding> {
  const { rows } = await sql<{ name: string; over: boolean }>`
    SELECT name, expires_at <= now() AS over FROM api_keys
    WHERE revoked_at IS NULL AND expires_at < now() + make_interval(days => ${EXPIRY_DAYS}) ORDER BY expires_at`.execute(
    db,
  );
  if (rows.length === 0) return ok('keys', `none ends within ${EXPIRY_DAYS} days`);
  const names = rows.map(({ name, over }) => `${name}${over ? ' (over)' : ''}`).join(', ');
  return warn(
    'keys',
    `end soon or are over: ${names}`,
    'make new ones with iit keys create, and revoke these',
  );
}
