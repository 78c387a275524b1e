import { escapeLiteral, type Pool } from 'pg';
import { type Capacity, predictionsWithin } from '#shared/predictions/capacity.ts';
import { copyRows } from '#shared/db/copy/copy-rows.ts';
import { TIERS, type Tier } from '#shared/models/manifest.ts';

/** Somebody to be called, as predicted; the patient's facts come from the chunk. */
export type WorklistRow = {
  row: number;
  chunk: number;
  patientId: string;
  facilityId: string | undefined;
  /** Days since 1970-01-01 */
  dueDay: number | undefined;
  risk: number;
  tier: Tier;
  /** Index into the model's features; empty where the job kept no reasons. */
  reasons: { feature: number; contribution: number }[];
};

export type WorklistFilter = {
  jobId: string;
  /** YYYY-MM-DD: the job's partition. */
  period: string;
  facilityId: string | undefined;
  tier: Tier | undefined;
  capacity: Capacity | undefined;
};

const POSTGRES_EPOCH_DAY = 10_957;

/** By facility, then by risk, the highest first; `limit` rows at most. */
export async function readWorklistRows(
  pool: Pool,
  filter: WorklistFilter,
  limit: number,
): Promise<WorklistRow[]> {
  const { jobId, period, facilityId, tier, capacity } = filter;
  const conditions = [`period = ${escapeLiteral(period)}::date`, `job_id = ${escapeLiteral(jobId)}::uuid`];
  if (facilityId !== undefined) conditions.push(`facility_id = ${escapeLiteral(facilityId)}`);
  if (tier !== undefined) conditions.push(`tier = ${TIERS.indexOf(tier)}`);
  const reader = await copyRows(
    pool,
    `SELECT row_no, chunk_no, patient_id, facility_id, due_date, risk, tier, reason_features, reason_contributions
      FROM ${predictionsWithin(conditions, capacity)}
      ORDER BY facility_id NULLS LAST, risk DESC, row_no LIMIT ${Math.trunc(limit)}`,
  );
  const rows: WorklistRow[] = [];
  while (reader.nextRow()) {
    const row = reader.int4() ?? 0;
    const chunk = reader.int4() ?? 0;
    const patientId = reader.text() ?? '';
    const facility = reader.text();
    const dueDay = reader.int4();
    const risk = reader.float8() ?? NaN;
    const code = reader.int2() ?? 0;
    const features = reader.int2Array();
    const contributions = reader.float4Array();
    rows.push({
      row,
      chunk,
      patientId,
      facilityId: facility,
      dueDay: dueDay === undefined ? undefined : dueDay + POSTGRES_EPOCH_DAY,
      risk,
      tier: TIERS[code] ?? 'low',
      reasons: features.map((feature, i) => ({ feature, contribution: contributions[i] ?? 0 })),
    });
  }
  return rows;
}
