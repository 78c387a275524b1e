import { escapeLiteral, type Pool } from 'pg';
import { type Capacity, predictionsWithin } from '#shared/predictions/capacity.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import { facilityEntries, firstOfList } from '#shared/predictions/list-pages.ts';
import { listOf, WHOLE_JOB } from '#shared/scores/index-job.ts';
import { ofJob } from '#shared/scores/read-blocks.ts';
import { isIndexed } from '#shared/scores/read-list.ts';
import { readRows } from '#shared/scores/read-rows.ts';
import type { ScoredRow } from '#shared/scores/scored-row.ts';
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
  reasons: { feature: number; value: number; contribution: number }[];
  /** What people know the patient by. */
  identifiers: Identifiers;
};

export type WorklistFilter = {
  jobId: string;
  /** YYYY-MM-DD: the job's partition. */
  period: string;
  facilityId: string | undefined;
  tier: Tier | undefined;
  capacity: Capacity | undefined;
};

const EVERYBODY = 0x7fffffff;

/** By facility, then by risk, the highest first; `limit` rows at most. While a job has no lists yet, PostgreSQL sorts. */
export async function readWorklistRows(
  pool: Pool,
  filter: WorklistFilter,
  limit: number,
): Promise<WorklistRow[]> {
  const rowNos = (await isIndexed(pool, filter.jobId))
    ? await rowNosOfLists(pool, filter, limit)
    : await rowNosSorted(pool, filter, limit);
  const rows = await readRows(pool, filter, rowNos);
  // Nobody can call whom the service was asked to forget.
  return rows.flatMap((row) => (row.patientId === undefined ? [] : [worklistRowOf(row, row.patientId)]));
}

async function rowNosOfLists(pool: Pool, filter: WorklistFilter, limit: number): Promise<number[]> {
  const { facilityId, tier, capacity } = filter;
  const listed = { ...filter, minRisk: undefined };
  const count = Math.min(capacity?.rows ?? EVERYBODY, limit);
  if (facilityId !== undefined) return await firstOfList(pool, listed, listOf(facilityId), count);
  if (capacity?.per === 'job') {
    const selected = new Set(await firstOfList(pool, listed, WHOLE_JOB, capacity.rows));
    return await rowNosWithin(pool, { ...listed, tier }, limit, EVERYBODY, (row) => selected.has(row));
  }
  return await rowNosWithin(pool, listed, limit, count, () => true);
}

async function rowNosWithin(
  pool: Pool,
  filter: Parameters<typeof facilityEntries>[1],
  limit: number,
  each: number,
  wanted: (row: number) => boolean,
): Promise<number[]> {
  const rowNos: number[] = [];
  for await (const { rows } of facilityEntries(pool, filter, each)) {
    for (const row of rows) {
      if (rowNos.length === limit) return rowNos;
      if (wanted(row)) rowNos.push(row);
    }
  }
  return rowNos;
}

async function rowNosSorted(pool: Pool, filter: WorklistFilter, limit: number): Promise<number[]> {
  const { facilityId, tier, capacity } = filter;
  const conditions = [ofJob(filter)];
  if (facilityId !== undefined) conditions.push(`facility_id = ${escapeLiteral(facilityId)}`);
  if (tier !== undefined) conditions.push(`tier = ${TIERS.indexOf(tier)}`);
  const { rows } = await pool.query<{ row_no: number }>(
    `SELECT row_no FROM ${predictionsWithin(conditions, capacity)}
     ORDER BY facility_id NULLS LAST, risk DESC, row_no LIMIT ${Math.trunc(limit)}`,
  );
  return rows.map((row) => row.row_no);
}

function worklistRowOf(row: ScoredRow, patientId: string): WorklistRow {
  return {
    row: row.row,
    chunk: row.chunk,
    patientId,
    facilityId: row.facilityId,
    dueDay: row.dueDay,
    risk: row.risk,
    tier: TIERS[row.tier] ?? 'low',
    reasons: row.reasons,
    identifiers: row.identifiers,
  };
}
