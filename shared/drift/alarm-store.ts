import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { countsToBytes, jobCountsFromBytes } from './binning.ts';
import type { Finding } from './judge-counts.ts';
import { alarmKey, type ExpectedCounts, type RaisedAlarm } from './judge-job.ts';
import type { Population } from './like-patients.ts';

/** An alarm stands until somebody has acknowledged it, whatever later jobs look like. */
export type DriftAlarm = {
  id: number;
  facilityId: string | null;
  subject: string;
  population: Population;
  finding: Finding;
  rows: number;
  firstJobId: string;
  lastJobId: string;
  jobs: number;
  raisedAt: Date;
  seenAt: Date;
  acknowledgedAt: Date | null;
  acknowledgedBy: string | null;
  reason: string | null;
  /** Whether it is how things are now, so that the like of it raises no new alarm. */
  isExpected: boolean | null;
};

const MOST_EXPECTED = 2_000;
const MOST_SHOWN = 500;

/** Raises alarms, or notes in those that stand already that this job shows the same. */
export async function raiseAlarms(
  trx: Db,
  job: { id: string; tenant_id: number; model_id: number },
  alarms: readonly RaisedAlarm[],
): Promise<void> {
  for (const alarm of alarms) {
    await sql`
      INSERT INTO drift_alarms (tenant_id, model_id, facility_id, subject, population, finding, row_count, counts,
        first_job_id, last_job_id)
      VALUES (${job.tenant_id}, ${job.model_id}, ${alarm.facilityId}, ${alarm.subject}, ${JSON.stringify(alarm.population)},
        ${JSON.stringify(alarm.finding)}, ${alarm.rows}, ${countsToBytes(alarm.counts)}, ${job.id}, ${job.id})
      ON CONFLICT (tenant_id, model_id, facility_id, subject, population) WHERE acknowledged_at IS NULL
      DO UPDATE SET finding = excluded.finding, row_count = excluded.row_count, counts = excluded.counts,
        last_job_id = excluded.last_job_id, seen_at = now(),
        job_count = drift_alarms.job_count + (drift_alarms.last_job_id <> excluded.last_job_id)::int`.execute(
      trx,
    );
  }
}

/** By `alarmKey`: the latest counts that were acknowledged as expected. */
export async function readExpected(
  db: Db,
  tenantId: number,
  modelId: number,
  size: number,
): Promise<Map<string, ExpectedCounts>> {
  const { rows } = await sql<{
    facility_id: string;
    subject: string;
    population: Population;
    row_count: number;
    counts: Buffer;
  }>`
    SELECT DISTINCT ON (facility_id, subject, population) facility_id, subject, population, row_count, counts
    FROM drift_alarms WHERE tenant_id = ${tenantId} AND model_id = ${modelId} AND is_expected
    ORDER BY facility_id, subject, population, id DESC LIMIT ${MOST_EXPECTED}`.execute(db);
  return new Map(
    rows.flatMap((row): [string, ExpectedCounts][] => {
      const counts = jobCountsFromBytes(row.counts, size);
      if (counts === undefined) return [];
      return [[alarmKey(row.facility_id, row.subject, row.population), { counts, rows: row.row_count }]];
    }),
  );
}

/** Alarms that stand, then the latest acknowledged ones. */
export async function readAlarms(db: Db, tenantId: number, modelId: number): Promise<DriftAlarm[]> {
  const { rows } = await sql<DriftAlarm>`
    SELECT id, nullif(facility_id, '') AS "facilityId", subject, population, finding, row_count AS rows,
      first_job_id AS "firstJobId", last_job_id AS "lastJobId", job_count AS jobs, raised_at AS "raisedAt",
      seen_at AS "seenAt", acknowledged_at AS "acknowledgedAt", acknowledged_by AS "acknowledgedBy", reason,
      is_expected AS "isExpected"
    FROM drift_alarms WHERE tenant_id = ${tenantId} AND model_id = ${modelId}
    ORDER BY acknowledged_at DESC NULLS FIRST, seen_at DESC, id DESC LIMIT ${MOST_SHOWN}`.execute(db);
  return rows;
}

/** Acknowledges alarms that stand, all of them without `ids`. Returns those that it changed. */
export async function acknowledgeAlarms(
  trx: Db,
  given: {
    tenantId: number;
    modelId: number;
    ids: readonly number[] | undefined;
    actor: string;
    reason: string;
    isExpected: boolean;
  },
): Promise<{ id: number; subject: string; facility_id: string }[]> {
  const { ids } = given;
  return await trx
    .updateTable('drift_alarms')
    .set({
      acknowledged_at: sql<Date>`now()`,
      acknowledged_by: given.actor,
      reason: given.reason,
      is_expected: given.isExpected,
    })
    .where('tenant_id', '=', given.tenantId)
    .where('model_id', '=', given.modelId)
    .where('acknowledged_at', 'is', null)
    .$if(ids !== undefined, (query) => query.where('id', 'in', [...(ids ?? []), -1]))
    .returning(['id', 'subject', 'facility_id'])
    .execute();
}
