import { Client } from 'pg';
import { recordEvent } from '#shared/audit/record-event.ts';
import { EXPIRE_ACTION } from '#shared/audit/verification.ts';
import { databaseOn } from '#shared/db/client-database.ts';
import { clearOld, type Cleared, CLEARED, type ClearedKind } from './retention/clear-old.ts';
import { optional, OperatorError, required, runScript } from './run-command.ts';

/** Months to keep, the current one included. */
export type RetentionOptions = {
  /** Scores, which are results and audit at once; undefined keeps all. At least 24. */
  auditMonths?: number | undefined;
  /** What is kept beside them; undefined: as long as the scores. */
  months?: Partial<Record<ClearedKind, number>>;
};

export type Retained = {
  /** Partitions, by name. */
  dropped: string[];
  cleared: Cleared[];
};

const DAYS_AHEAD = 8;
const MIN_AUDIT_MONTHS = 24;
const DEFAULT_TENANT = 1;
const TABLES = ['order_blocks', 'patient_blocks', 'score_blocks', 'score_chunks', 'online_rows'];

/**
 * Makes the partitions of the days ahead, and drops those that are past their time. A partition is detached without blocking
 * readers, then dropped; an event says before which days went, so that the verification does not miss them. Then clears what is past
 * its time in the tables beside.
 * @throws OperatorError on a time that is too short.
 */
export async function retain(client: Client, options: RetentionOptions): Promise<Retained> {
  const { auditMonths, months = {} } = options;
  demandMonths('Scores are the audit, and', auditMonths, MIN_AUDIT_MONTHS);
  for (const kind of CLEARED) demandMonths(`${kind.words}:`, months[kind.kind], kind.leastMonths);
  await client.query('SELECT ensure_days(now()::date, $1)', [DAYS_AHEAD]);
  const dropped = auditMonths === undefined ? [] : await dropDays(client, auditMonths);
  const cleared: Cleared[] = [];
  for (const kind of CLEARED) {
    const keep = shorter(months[kind.kind], auditMonths);
    if (keep !== undefined) cleared.push(await clearOld(client, kind, keep));
  }
  return { dropped, cleared };
}

/** Nothing that is kept beside the scores outlives them. */
function shorter(own: number | undefined, scores: number | undefined): number | undefined {
  if (own === undefined || scores === undefined) return own ?? scores;
  return Math.min(own, scores);
}

function demandMonths(what: string, months: number | undefined, least: number): void {
  if (months === undefined) return;
  if (!(months >= least)) throw new OperatorError(`${what} kept for ${least} months at least.`);
  if (!Number.isInteger(months)) throw new OperatorError('Months are whole numbers.');
}

async function dropDays(client: Client, months: number): Promise<string[]> {
  const old: { table: string; name: string }[] = [];
  for (const table of TABLES) {
    for (const name of await olderPartitions(client, table, months)) old.push({ table, name });
  }
  if (old.length === 0) return [];
  const days = new Set(old.map(({ table, name }) => name.slice(table.length + 1).replaceAll('_', '-')));
  await recordEvent(databaseOn(client), {
    tenantId: DEFAULT_TENANT,
    actor: 'cli:retention',
    action: EXPIRE_ACTION,
    outcome: 'success',
    details: { months, gone: [...days].toSorted() },
  });
  for (const { table, name } of old) {
    await client.query(`ALTER TABLE ${table} DETACH PARTITION ${client.escapeIdentifier(name)} CONCURRENTLY`);
    await client.query(`DROP TABLE ${client.escapeIdentifier(name)}`);
  }
  await client.query('DELETE FROM partition_marks WHERE day = ANY ($1::date[])', [[...days]]);
  return old.map(({ name }) => name);
}

async function olderPartitions(client: Client, table: string, months: number): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = $1::regclass
        AND c.relname < $1 || '_' || to_char(date_trunc('month', now()) - make_interval(months => $2 - 1), 'YYYY_MM')
      ORDER BY 1`,
    [table, months],
  );
  return rows.map((row) => row.name);
}

function monthsOf(variable: string): number | undefined {
  const text = optional(variable);
  return text === undefined ? undefined : Number(text);
}

if (import.meta.main) {
  await runScript('retention', async () => {
    if (optional('PREDICTION_MONTHS') !== undefined) {
      throw new OperatorError('PREDICTION_MONTHS is no more: results and audit are one. Set AUDIT_MONTHS.');
    }
    const months = Object.fromEntries(
      CLEARED.flatMap(({ kind, variable }) => {
        const own = monthsOf(variable);
        return own === undefined ? [] : [[kind, own]];
      }),
    );
    const client = new Client({ connectionString: required('DATABASE_URL') });
    await client.connect();
    try {
      return await retain(client, { auditMonths: monthsOf('AUDIT_MONTHS'), months });
    } finally {
      await client.end();
    }
  });
}
