import type { Pool } from 'pg';
import { TIERS, type Tier } from '#shared/models/manifest.ts';
import { type Capacity, predictionsWithin } from './capacity.ts';
import { isoDateOf } from './iso-date.ts';
import { copyRows } from './copy-rows.ts';

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

function pageQuery(filter: ResultFilter, after: ResultPosition | undefined, limit: number): string {
  const conditions = [`period = ${literal(filter.period, /^\d{4}-\d{2}-\d{2}$/u)}::date`];
  conditions.push(`job_id = ${literal(filter.jobId, /^[0-9a-f-]{36}$/u)}::uuid`);
  if (filter.tier !== undefined) conditions.push(`tier = ${TIERS.indexOf(filter.tier)}`);
  if (filter.minRisk !== undefined) conditions.push(`risk >= ${float8(filter.minRisk)}`);
  const source = predictionsWithin(conditions, filter.capacity);
  const beyond: string[] = [];
  if (after !== undefined && filter.order === 'input') beyond.push(`row_no > ${integer(after.row)}`);
  if (after !== undefined && filter.order === 'risk') {
    // The first half bounds the index scan, the second settles ties.
    beyond.push(`risk <= ${float8(after.risk)}`);
    beyond.push(`(risk < ${float8(after.risk)} OR row_no > ${integer(after.row)})`);
  }
  const order = filter.order === 'input' ? 'row_no' : 'risk DESC, row_no';
  return `SELECT row_no, patient_id, facility_id, due_date, risk, tier,
    reason_features, reason_contributions, reason_values
    FROM ${[source, ...beyond].join(' AND ')} ORDER BY ${order} LIMIT ${integer(limit)}`;
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
