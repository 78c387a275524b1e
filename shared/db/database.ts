import { Kysely, PostgresDialect } from 'kysely';
import { type CustomTypesConfig, escapeIdentifier, Pool, types } from 'pg';
import { dropDeadPeers } from './dead-peers.ts';
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

/** What a server may take, beyond the statement's own limit, to say that it cancelled it. */
const SILENCE_MARGIN_MS = 5_000;

/**
 * A pool with time limits on connecting, on statements, on idle transactions and on dead peers. Role and limits are set by each new
 * session before anybody gets it, and not at its start: PgBouncer passes no start-up options on.
 * An idle connection that breaks is replaced without a word: whoever needs one next learns of an outage.
 */
export function createPool(options: DatabaseOptions): Pool {
  const settings = sessionSettings(options);
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    verify: (client, done) => {
      client.query(settings, (error: Error | null) => done(error ?? undefined));
    },
    types: wireTypes,
  });
  pool.on('error', () => undefined);
  // A client in somebody's hands is not listened to by its pool: broken between two statements, it would end the process.
  // Its holder learns of it by the next statement.
  pool.on('connect', (client) => client.on('error', () => undefined));
  if (options.statementTimeoutMs > 0) dropDeadPeers(pool, options.statementTimeoutMs + SILENCE_MARGIN_MS);
  return pool;
}

function sessionSettings({ role, statementTimeoutMs }: DatabaseOptions): string {
  return [
    ...(role === undefined ? [] : [`SET ROLE ${escapeIdentifier(role)}`]),
    `SET statement_timeout = ${statementTimeoutMs}`,
    'SET idle_in_transaction_session_timeout = 60000',
    `SET timezone = 'UTC'`,
    // The server drops a client that died without a word, and with it the locks that the client held.
    'SET tcp_keepalives_idle = 15',
    'SET tcp_keepalives_interval = 5',
    'SET tcp_keepalives_count = 3',
  ].join('; ');
}

export function createDatabase(pool: Pool): Db {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}
