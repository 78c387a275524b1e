import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';

export type FacilityCounts = {
  /** '' for rows without one. */
  facilityId: string;
  rowCount: number;
  low: number;
  medium: number;
  high: number;
  riskSum: number;
};

/** A job's predictions counted by facility, in one pass of PostgreSQL. */
export async function countByFacility(
  db: Db,
  job: { jobId: string; period: string },
): Promise<FacilityCounts[]> {
  const { rows } = await sql<FacilityCounts>`
    SELECT coalesce(facility_id, '') AS "facilityId", count(*) AS "rowCount",
      count(*) FILTER (WHERE tier = 0) AS low, count(*) FILTER (WHERE tier = 1) AS medium,
      count(*) FILTER (WHERE tier = 2) AS high, sum(risk) AS "riskSum"
    FROM predictions WHERE period = ${job.period}::date AND job_id = ${job.jobId} GROUP BY 1`.execute(db);
  return rows;
}

/** Due dates (YYYY-MM-DD) that a job has for some patients; who is not in it, or has none, is left out. */
export async function dueDatesOf(
  db: Db,
  job: { jobId: string; period: string },
  patientIds: readonly string[],
): Promise<Map<string, string>> {
  if (patientIds.length === 0) return new Map();
  const { rows } = await sql<{ patient_id: string; due_date: string }>`
    SELECT patient_id, due_date FROM predictions
    WHERE period = ${job.period}::date AND job_id = ${job.jobId} AND due_date IS NOT NULL
      AND patient_id = ANY(${[...patientIds]}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.patient_id, row.due_date]));
}
