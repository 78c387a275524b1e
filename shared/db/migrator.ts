import { Migrator, type Migration, type MigrationResultSet } from 'kysely/migration';
import * as core from '#migrations/0001-core.ts';
import * as programme from '#migrations/0002-programme.ts';
import type { Db } from './database.ts';

/** Every released migration by name, in order. A released one is never edited: add the next number. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-core': core,
  '0002-programme': programme,
};

/** Brings the schema up to date; Kysely's lock lets several processes call it at once. */
export async function migrateToLatest(db: Db): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const outcome: MigrationResultSet = await migrator.migrateToLatest();
  if (outcome.error !== undefined) throw outcome.error;
  return (outcome.results ?? []).map((result) => result.migrationName);
}

/** The names of migrations that the database has not seen yet. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const all = await migrator.getMigrations();
  return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}
