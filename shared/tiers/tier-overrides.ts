import type { Db } from '#shared/db/database.ts';
import { TIERS, type Tier } from '#shared/models/manifest.ts';

/** A tier that a person has set against the model's. */
export type TierOverride = {
  row: number;
  patientId: string;
  scoredTier: Tier;
  tier: Tier;
  reason: string;
  recordedAt: Date;
  recordedBy: string;
};

const MOST = 50_000;

/** Of one job, the latest of each row, by row. */
export async function readTierOverrides(db: Db, jobId: string): Promise<Map<number, TierOverride>> {
  const rows = await db
    .selectFrom('tier_overrides')
    .distinctOn('row_no')
    .select(['row_no', 'patient_id', 'scored_tier', 'tier', 'reason', 'recorded_at', 'recorded_by'])
    .where('job_id', '=', jobId)
    .orderBy('row_no')
    .orderBy('id', 'desc')
    .limit(MOST)
    .execute();
  return new Map(
    rows.map((row) => [
      row.row_no,
      {
        row: row.row_no,
        patientId: row.patient_id,
        scoredTier: TIERS[row.scored_tier]!,
        tier: TIERS[row.tier]!,
        reason: row.reason,
        recordedAt: row.recorded_at,
        recordedBy: row.recorded_by,
      },
    ]),
  );
}
