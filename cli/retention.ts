import { Client } from 'pg';
import { optional, OperatorError, required, runScript } from './run-command.ts';

export type RetentionOptions = {
  /** Months of predictions to keep, the current one included; undefined keeps all. */
  predictionMonths?: number | undefined;
  /** Months of the audit log to keep; undefined keeps all. At least 24. */
  auditMonths?: number | undefined;
};

const MONTHS_AHEAD = 3;
const MIN_AUDIT_MONTHS = 24;

/**
 * Makes the partitions of the months ahead, and drops those of predictions and audit that are past their time.
 * A partition is detached without blocking readers, then dropped. Returns the names of those dropped.
 * @throws OperatorError on a time that is too short.
 */
export async function retain(client: Client, options: RetentionOptions): Promise<string[]> {
  if (options.auditMonths !== undefined && options.auditMonths < MIN_AUDIT_MONTHS) {
    throw new OperatorError(`The audit log is kept for ${MIN_AUDIT_MONTHS} months at least.`);
  }
  await client.query('SELECT ensure_partitions(now()::date, $1)', [MONTHS_AHEAD]);
  return [
    ...(await dropOlder(client, 'predictions', options.predictionMonths)),
    ...(await dropOlder(client, 'audit_log', options.auditMonths)),
  ];
}

async function dropOlder(client: Client, table: string, months: number | undefined): Promise<string[]> {
  if (months === undefined) return [];
  if (!Number.isInteger(months) || months < 1) throw new OperatorError('Months are whole numbers from 1.');
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = $1::regclass
        AND c.relname < $1 || '_' || to_char(date_trunc('month', now()) - make_interval(months => $2 - 1), 'YYYY_MM')
      ORDER BY 1`,
    [table, months],
  );
  for (const { name } of rows) {
    await client.query(`ALTER TABLE ${table} DETACH PARTITION ${client.escapeIdentifier(name)} CONCURRENTLY`);
    await client.query(`DROP TABLE ${client.escapeIdentifier(name)}`);
  }
  return rows.map((row) => row.name);
}

const months = (name: string) => {
  const value = optional(name);
  return value === undefined ? undefined : Number(value);
};

if (import.meta.main) {
  await runScript('retention', async () => {
    const client = new Client({ connectionString: required('DATABASE_URL') });
    await client.connect();
    try {
      const dropped = await retain(client, {
        predictionMonths: months('PREDICTION_MONTHS'),
        auditMonths: months('AUDIT_MONTHS'),
      });
      return { dropped };
    } finally {
      await client.end();
    }
  });
}
