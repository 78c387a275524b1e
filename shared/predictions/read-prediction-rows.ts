import type { Pool } from 'pg';
import { TIERS, type Tier } from '#shared/models/manifest.ts';
import { type Capacity, predictionsWithin } from './capacity.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { copyRows } from '../db/copy/copy-rows.ts';

export type ResultRow = {
  row: number;
  patientId: string;
  facilityId: string | undefined;
  /** YYYY-MM-DD */
  dueDate: string | undefined;
  risk: number;
  tier: Tier;
  reasons: ResultReason[];
};

export type ResultReason = {
  /** Index into the model's features. */
  feature: number;
  /** NaN where missing. */
  value: number;
  /** Log-odds, to six decimals. */
  contribution: number;
};

export type ResultFilter = {
  jobId: string;
  /** YYYY-MM-DD: the job's partition. */
  period: string;
  order: 'input' | 'risk';
  tier: Tier | undefined;
  minRisk: number | undefined;
  /** Only as many as can be called; counted among the rows that pass the filters above. */
  capacity?: Capacity | undefined;
};

/** Where a page ended: the last row's own keys. */
export type ResultPosition = { row: number; risk: number };

/** PostgreSQL counts binary dates from 2000-01-01. */
const POSTGRES_EPOCH_DAY = 10_957;

/** The next rows after `after`, by primary key (order=input) or by the risk index (order=risk, ties by row). */
export async function readResultRows(
  pool: Pool,
  filter: ResultFilter,
  after: ResultPosition | undefined,
  limit: number,
): Promise<ResultRow[]> {
  const reader = await copyRows(pool, pageQuery(filter, after, limit));
  const rows: ResultRow[] = [];
  while (reader.nextRow()) {
    const row = reader.int4() ?? 0;
    const patientId = reader.text() ?? '';
    const facilityId = reader.text();
    const dueDay = reader.int4();
    const risk = reader.float8() ?? NaN;
    const tier = TIERS[reader.int2() ?? 0] ?? 'low';
    const features = reader.int2Array();
    const contributions = reader.float4Array();
    const values = reader.float8Array();
    rows.push({
      row,
      patientId,
      facilityId,
      dueDate: dueDay === undefined ? undefined : isoDateOf(dueDay + POSTGRES_EPOCH_DAY),
      risk,
      tier,
      reasons: features.map((feature, index) => ({
        feature,
        value: values[index] ?? NaN,
        contribution: Math.round((contributions[index] ?? NaN) * 1e6) / 1e6,
      })),
    });
  }
  return rows;
}

const COLUMNS = `row_no, patient_id, facility_id, due_date, risk, tier,
    reason_features, reason_contributions, reason_values`;

/** The statement of one page. Throws a TypeError for what is no safe literal. */
export function pageQuery(filter: ResultFilter, after: ResultPosition | undefined, limit: number): string {
  const conditions = [`period = ${literal(filter.period, /^\d{4}-\d{2}-\d{2}$/u)}::date`];
  conditions.push(`job_id = ${literal(filter.jobId, /^[0-9a-f-]{36}$/u)}::uuid`);
  if (filter.tier !== undefined) conditions.push(`tier = ${TIERS.indexOf(filter.tier)}`);
  if (filter.minRisk !== undefined) conditions.push(`risk >= ${float8(filter.minRisk)}`);
  const source = predictionsWithin(conditions, filter.capacity);
  const page = (beyond: readonly string[], order: string) =>
    `SELECT ${COLUMNS} FROM ${[source, ...beyond].join(' AND ')} ORDER BY ${order} LIMIT ${integer(limit)}`;
  if (filter.order === 'input') {
    return page(after === undefined ? [] : [`row_no > ${integer(after.row)}`], 'row_no');
  }
  const byRisk = 'risk DESC, row_no';
  if (after === undefined) return page([], byRisk);
  if (filter.capacity !== undefined) {
    // Rows are numbered by risk over the whole job here, so one pass is the least.
    const risk = float8(after.risk);
    return page([`risk <= ${risk}`, `(risk < ${risk} OR row_no > ${integer(after.row)})`], byRisk);
  }
  // Two ranges of the risk index: the rest of the rows with the last one's risk, then those below. As one condition, each page
  // would read all of the equal rows before it again.
  const equal = page([`risk = ${float8(after.risk)}`, `row_no > ${integer(after.row)}`], 'row_no');
  const below = page([`risk < ${float8(after.risk)}`], byRisk);
  return `SELECT * FROM ((${equal}) UNION ALL (${below})) following ORDER BY ${byRisk} LIMIT ${integer(limit)}`;
}

function literal(text: string, form: RegExp): string {
  if (!form.test(text)) throw new TypeError('not a safe literal');
  return `'${text}'`;
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError('not an integer');
  return String(value);
}

function float8(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('not a finite number');
  return `'${value}'::float8`;
}
