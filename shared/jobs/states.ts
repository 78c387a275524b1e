import type { ChunkState, JobStatus } from '#shared/db/schema.ts';

/**
 * The two state machines and their lock order. Every transition is a function of this folder, runs on
 * PostgreSQL's clock and raises `jobs.revision`.
 *
 * Job
 *   receiving ─ finishReceiving ─► queued | running ─ settleJob ─► completed | partial | failed
 *   receiving | queued | running ─ cancelJob ─► cancelled
 *   receiving ─ abortJob ─► aborted
 *   partial | failed | running ─ retryQuarantined ─► running
 *
 * Chunk
 *   pending ─ claimChunk ─► leased ─ finishChunk ─► done
 *   leased ─ failChunk, expireLeases ─► pending (epoch + 1) | quarantined (epoch + 1, attempts used up)
 *   leased ─ handBackChunk ─► pending (epoch + 1, the attempt does not count)
 *   pending ─ reringOverdue ─► pending (epoch + 1)
 *   pending | leased ─ cancelJob, abortJob ─► cancelled
 *   quarantined ─ retryQuarantined ─► pending (epoch + 1, attempts 0)
 *
 * Lock order: chunks before their job, and never a second chunk after a job. Intake locks the job and inserts
 * chunks, which nobody else can hold yet.
 *
 * Always: rows_received = rows_accepted + rows_rejected; in a terminal job
 * rows_accepted = rows_scored + rows_quarantined + rows_cancelled and no chunk is pending or leased.
 */
export const TERMINAL_STATUSES = [
  'completed',
  'partial',
  'failed',
  'cancelled',
  'aborted',
] as const satisfies readonly JobStatus[];
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

export const OPEN_CHUNK_STATES = ['pending', 'leased'] as const satisfies readonly ChunkState[];

export function isTerminal(status: JobStatus): status is TerminalStatus {
  return (TERMINAL_STATUSES as readonly JobStatus[]).includes(status);
}
