import { Migrator, type Migration, type MigrationResultSet } from 'kysely/migration';
import * as core from '#migrations/0001-core.ts';
import * as programme from '#migrations/0002-programme.ts';
import * as backups from '#migrations/0003-backups.ts';
import * as intake from '#migrations/0004-intake.ts';
import * as people from '#migrations/0005-people.ts';
import * as modelOwners from '#migrations/0007-model-owners.ts';
import * as ledger from '#migrations/0008-ledger.ts';
import * as log from '#migrations/0009-log.ts';
import * as retention from '#migrations/0010-retention.ts';
import * as drift from '#migrations/0011-drift.ts';
import * as outcomes from '#migrations/0012-outcomes.ts';
import * as governance from '#migrations/0013-governance.ts';
import * as webhooks from '#migrations/0014-webhooks.ts';
import * as objects from '#migrations/0015-objects.ts';
import * as schedules from '#migrations/0016-schedules.ts';
import * as outputs from '#migrations/0017-outputs.ts';
import type { Db } from './database.ts';

/** Every released migration by name, in order. A released one is never edited: add the next number. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-core': core,
  '0002-programme': programme,
  '0003-backups': backups,
  '0004-intake': intake,
  '0005-people': people,
  '0007-model-owners': modelOwners,
  '0008-ledger': ledger,
  '0009-log': log,
  '0010-retention': retention,
  '0011-drift': drift,
  '0012-outcomes': outcomes,
  '0013-governance': governance,
  '0014-webhooks': webhooks,
  '0015-objects': objects,
  '0016-schedules': schedules,
  '0017-outputs': outputs,
};

/** Brings the schema up to date; Kysely's lock lets several processes call it at once. */
export async function migrateToLatest(db: Db): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const outcome: MigrationResultSet = await migrator.migrateToLatest();
  if (outcome.error !== undefined) throw outcome.error;
  return (outcome.results ?? []).map((result) => result.migrationName);
}

/**
 * Brings an empty database to exactly the migrations named, in order.
 * @throws when they are not the first ones of this release: the backup is of a newer one, or of another line.
 */
export async function migrateThrough(db: Db, names: readonly string[]): Promise<void> {
  const known = Object.keys(MIGRATIONS).slice(0, names.length);
  const last = names.at(-1);
  if (last === undefined || known.join() !== names.join()) {
    throw new Error(`This release does not know the migrations ${names.join(', ')}.`);
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const outcome: MigrationResultSet = await migrator.migrateTo(last);
  if (outcome.error !== undefined) throw outcome.error;
}

/** The names of migrations that the database has not seen yet. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const all = await migrator.getMigrations();
  return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}
