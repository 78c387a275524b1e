import { Client } from 'pg';
import { recordEvent } from '#shared/audit/record-event.ts';
import { EXPIRE_ACTION } from '#shared/audit/verification.ts';
import { databaseOn } from '#shared/db/client-database.ts';
import { optional, OperatorError, required, runScript } from './run-command.ts';

export type RetentionOptions = {
  /** Months of scores, which are results and audit at once, to keep, the current one included; undefined keeps all. At least 24. */
  auditMonths?: number | undefined;
};

const DAYS_AHEAD = 8;
const MIN_AUDIT_MONTHS = 24;
const DEFAULT_TENANT = 1;
const TABLES = ['order_blocks', 'patient_blocks', 'score_blocks', 'score_chunks', 'online_rows'];

/**
 * Makes the partitions of the days ahead, and drops those that are past their time. A partition is detached without blocking
 * readers, then dropped; an event says before which days went, so that the verification does not miss them. Returns the names of
 * those dropped.
 * @throws OperatorError on a time that is too short.
 */
export async function retain(client: Client, options: RetentionOptions): Promise<string[]> {
  const { auditMonths } = options;
  if (auditMonths !== undefined && !(auditMonths >= MIN_AUDIT_MONTHS)) {
    throw new OperatorError(`Scores are kept for ${MIN_AUDIT_MONTHS} months at least: they are the audit.`);
  }
  await client.query('SELECT ensure_days(now()::date, $1)', [DAYS_AHEAD]);
  if (auditMonths === undefined) return [];
  if (!Number.isInteger(auditMonths)) throw new OperatorError('Months are whole numbers.');
  const old: { table: string; name: string }[] = [];
  for (const table of TABLES) {
    for (const name of await olderPartitions(client, table, auditMonths)) old.push({ table, name });
  }
  if (old.length === 0) return [];
  const days = new Set(old.map(({ table, name }) => name.slice(table.length + 1).replaceAll('_', '-')));
  await recordEvent(databaseOn(client), {
    tenantId: DEFAULT_TENANT,
    actor: 'cli:retention',
    action: EXPIRE_ACTION,
    outcome: 'success',
    details: { months: auditMonths, gone: [...days].toSorted() },
  });
  for (const { table, name } of old) {
    await client.query(`ALTER TABLE ${table} DETACH PARTITION ${client.escapeIdentifier(name)} CONCURRENTLY`);
    await client.query(`DROP TABLE ${client.escapeIdentifier(name)}`);
  }
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

if (import.meta.main) {
  await runScript('retention', async () => {
    if (optional('PREDICTION_MONTHS') !== undefined) {
      throw new OperatorError('PREDICTION_MONTHS is no more: results and audit are one. Set AUDIT_MONTHS.');
    }
    const client = new Client({ connectionString: required('DATABASE_URL') });
    await client.connect();
    try {
      const months = optional('AUDIT_MONTHS');
      return {
        dropped: await retain(client, { auditMonths: months === undefined ? undefined : Number(months) }),
      };
    } finally {
      await client.end();
    }
  });
}
