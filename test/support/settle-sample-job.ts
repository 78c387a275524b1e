import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { claimChunk, failChunk, finishChunk } from '#shared/jobs/chunk-transitions.ts';
import type { SampleJob } from './sample-job.ts';

const CUTOFFS = { medium: 0.3, high: 0.5 };

/** The risk that `settleSampleJob` writes for a row: spread over [0, 1), each fourth row ties with its neighbour. */
export function sampleRisk(row: number): number {
  return (((row - (row % 4 === 0 ? 1 : 0)) * 7919) % 1000) / 1000;
}

/**
 * Ends a job as workers do, with made-up scores: predictions, audit rows and counts, chunk by chunk through the real
 * transitions. Chunks in `quarantined` are given up instead.
 */
export async function settleSampleJob(
  db: Db,
  job: SampleJob,
  options: { reasons?: number; quarantined?: readonly number[] } = {},
): Promise<void> {
  const { reasons = 0, quarantined = [] } = options;
  for (const [chunkNo, rows] of job.chunks.entries()) {
    await db.transaction().execute(async (trx) => {
      const claim = await claimChunk(
        trx,
        { jobId: job.jobId, chunkNo, epoch: 1 },
        { owner: 'test', seconds: 60 },
      );
      if (claim === undefined) throw new Error(`chunk ${chunkNo} cannot be claimed`);
      if (quarantined.includes(chunkNo)) {
        await failChunk(
          trx,
          claim,
          { code: 'scoring_failed', message: 'made to fail' },
          { maxAttempts: 1, retrySeconds: 1 },
        );
        return;
      }
      const tiers: [number, number, number] = [0, 0, 0];
      const scored = Array.from(rows.rowNumbers, (row, at) => {
        const risk = sampleRisk(row);
        const tier = risk >= CUTOFFS.high ? 2 : risk >= CUTOFFS.medium ? 1 : 0;
        tiers[tier]++;
        const { offsets, bytes } = rows.patientIds;
        const facility = rows.facilities.indices[at] ?? NO_FACILITY;
        const due = rows.dueDates[at] ?? NO_DATE;
        return {
          row,
          at,
          risk,
          tier,
          patientId: Buffer.from(bytes.subarray(offsets[at], offsets[at + 1])).toString(),
          facilityId: facility === NO_FACILITY ? null : (rows.facilities.names[facility] ?? null),
          dueDate: due === NO_DATE ? null : new Date(due * 86_400_000).toISOString().slice(0, 10),
        };
      });
      await trx
        .insertInto('predictions')
        .values(
          scored.map(({ row, at, risk, tier, patientId, facilityId, dueDate }) => ({
            period: claim.period,
            job_id: job.jobId,
            row_no: row,
            tenant_id: claim.tenantId,
            chunk_no: chunkNo,
            patient_id: patientId,
            facility_id: facilityId,
            due_date: dueDate,
            raw_score: risk - 0.5,
            risk,
            tier,
            reason_features: reasons === 0 ? null : Array.from({ length: reasons }, (_, index) => index),
            reason_contributions:
              reasons === 0 ? null : Array.from({ length: reasons }, (_, index) => 0.5 - index * 0.4),
            reason_values:
              reasons === 0
                ? null
                : Array.from({ length: reasons }, (_, index) => rows.features[index]?.[at] ?? NaN),
          })),
        )
        .execute();
      await trx
        .insertInto('audit_log')
        .values(
          scored.map(({ row, risk, tier, patientId }) => ({
            period: claim.period,
            job_id: job.jobId,
            row_no: row,
            tenant_id: claim.tenantId,
            chunk_no: chunkNo,
            recorded_at: sql<Date>`clock_timestamp()`,
            source: 'job' as const,
            api_key_id: claim.apiKeyId,
            actor: claim.actor,
            patient_id: patientId,
            model_version: claim.model.version,
            model_sha256: claim.model.sha256,
            raw_score: risk - 0.5,
            risk,
            tier,
            input_hash: createHash('sha256').update(String(row)).digest(),
            input: null,
          })),
        )
        .execute();
      await finishChunk(trx, claim, { rowCount: rows.rowCount, tiers });
    });
  }
}
