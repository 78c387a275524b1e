import { Kysely, PostgresDialect } from 'kysely';
import { type CustomTypesConfig, Pool, types } from 'pg';
import type { Database } from './schema.ts';

export type Db = Kysely<Database>;

export type DatabaseOptions = {
  url: string;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** The role that every session of the pool takes on (`iit_api`, `iit_worker`, …); none keeps the login's own. */
  role?: string | undefined;
  poolSize: number;
  connectTimeoutMs: number;
  /** PostgreSQL cancels a statement that runs longer; 0 turns it off. */
  statementTimeoutMs: number;
};

/** Counts as numbers (they stay below 2^53) and dates as `YYYY-MM-DD` text (no time zone may move them). */
const wireTypes: CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (format !== 'binary' && oid === types.builtins.INT8) return Number;
    if (format !== 'binary' && oid === types.builtins.DATE) return (text: string) => text;
    return types.getTypeParser(oid, format);
  },
};

/** A pool with time limits on connecting, on statements, on idle transactions and on dead peers. */
export function createPool(options: DatabaseOptions): Pool {
  const settings = [
    `-c statement_timeout=${options.statementTimeoutMs}`,
    '-c idle_in_transaction_session_timeout=60000',
    '-c timezone=UTC',
    ...(options.role === undefined ? [] : [`-c role=${options.role}`]),
  ];
  return new Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    options: settings.join(' '),
    types: wireTypes,
  });
}

export function createDatabase(pool: Pool): Db {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}
