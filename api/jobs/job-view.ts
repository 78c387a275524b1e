import { z } from 'zod';
import { jobInputSchema } from '#shared/jobs/job-input.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import type { JobRow } from './job-row.ts';

const count = z.int().nonnegative();
const time = z.iso.datetime();

export const jobStatusSchema = z
  .enum(['receiving', 'queued', 'running', 'completed', 'partial', 'failed', 'cancelled', 'aborted'])
  .meta({
    id: 'JobStatus',
    description:
      'receiving: the upload goes on (scoring has begun already) · queued · running · completed: every accepted row is scored · partial: some rows were quarantined · failed · cancelled · aborted: the upload did not end well',
  });

export const jobSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    status: jobStatusSchema,
    priority: z.enum(['low', 'normal', 'high']),
    explain: count.meta({ description: 'Reasons kept for each row' }),
    submitted_by: z.string().meta({ description: 'Name of the key' }),
    model: z.object({ version: z.string(), sha256: z.string() }),
    rows: z
      .object({
        received: count,
        accepted: count,
        rejected: count,
        joined: count,
        scored: count,
        quarantined: count,
        cancelled: count,
      })
      .meta({
        description:
          'received = accepted + rejected + joined (rows of a line list that tell of the same patient are joined); once terminal, accepted = scored + quarantined + cancelled',
      }),
    chunks: z.object({ total: count, open: count, done: count, quarantined: count, cancelled: count }),
    progress: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Share of the rows accepted so far that are settled' }),
    eta_seconds: z
      .number()
      .nullable()
      .meta({ description: 'null while it cannot be told, and once the job is terminal' }),
    tiers: z.object({ low: count, medium: count, high: count }),
    warnings: z.object({
      duplicate_patients: count.meta({
        description: 'Rows whose patient_id occurred before in this job; each is scored',
      }),
      ignored_columns: z.array(z.string()),
      absent_features: z
        .array(z.string())
        .meta({ description: 'Features of the model that the input had no column for' }),
      by_code: z
        .record(z.string(), count)
        .meta({ description: 'Oddities of the input that cost nobody a row' }),
    }),
    rejections_by_code: z.record(z.string(), count),
    input: jobInputSchema.nullable().meta({ description: 'What was understood of the upload' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    created_at: time,
    started_at: time.nullable(),
    received_at: time.nullable().meta({ description: 'When the upload had ended' }),
    finished_at: time.nullable(),
    links: z.object({ self: z.string(), events: z.string(), results: z.string(), rejections: z.string() }),
  })
  .meta({ id: 'Job' });

export type JobView = z.infer<typeof jobSchema>;

/** The job as callers see it. */
export function jobView(job: JobRow): JobView {
  const settledRows = job.rows_scored + job.rows_quarantined + job.rows_cancelled;
  const settledChunks = job.chunks_done + job.chunks_quarantined + job.chunks_cancelled;
  const self = `/v1/jobs/${job.id}`;
  return {
    id: job.id,
    name: job.name,
    status: job.status,
    priority: job.priority,
    explain: job.explain,
    submitted_by: job.actor,
    model: { version: job.model_version, sha256: job.model_sha256.toString('hex') },
    rows: {
      received: job.rows_received,
      accepted: job.rows_accepted,
      rejected: job.rows_rejected,
      joined: job.rows_joined,
      scored: job.rows_scored,
      quarantined: job.rows_quarantined,
      cancelled: job.rows_cancelled,
    },
    chunks: {
      total: job.chunks_total,
      open: Math.max(0, job.chunks_total - settledChunks),
      done: job.chunks_done,
      quarantined: job.chunks_quarantined,
      cancelled: job.chunks_cancelled,
    },
    progress: progressOf(job, settledRows),
    eta_seconds: etaSeconds(job, settledRows),
    tiers: { low: job.tier_low, medium: job.tier_medium, high: job.tier_high },
    warnings: {
      duplicate_patients: job.duplicate_patients,
      ignored_columns: job.ignored_columns,
      absent_features: job.absent_features,
      by_code: job.input?.warnings ?? {},
    },
    rejections_by_code: job.rejections_by_code,
    input: job.input,
    error: job.error_code === null ? null : { code: job.error_code, message: job.error_message ?? '' },
    created_at: job.created_at.toISOString(),
    started_at: job.started_at?.toISOString() ?? null,
    received_at: job.received_at?.toISOString() ?? null,
    finished_at: job.finished_at?.toISOString() ?? null,
    links: { self, events: `${self}/events`, results: `${self}/results`, rejections: `${self}/rejections` },
  };
}

function progressOf(job: JobRow, settledRows: number): number {
  if (job.rows_accepted === 0) return isTerminal(job.status) ? 1 : 0;
  const share = Math.min(1, settledRows / job.rows_accepted);
  return isTerminal(job.status) ? share : Math.min(share, 0.999);
}

/** From the mean rate since the first chunk was taken; unknown while the upload goes on. */
function etaSeconds(job: JobRow, settledRows: number): number | null {
  if (isTerminal(job.status) || job.received_at === null || job.started_at === null || settledRows === 0)
    return null;
  const elapsedSeconds = (job.read_at.getTime() - job.started_at.getTime()) / 1_000;
  const eta = (elapsedSeconds / settledRows) * (job.rows_accepted - settledRows);
  return Math.max(0, Math.round(eta * 10) / 10);
}
