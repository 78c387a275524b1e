import { Counter, Histogram, type Registry } from 'prom-client';

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;

/** What a worker counts while it scores. */
export function createWorkerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    rowsScored: new Counter({
      name: 'iit_rows_scored_total',
      help: 'Rows whose predictions and audit were committed.',
      registers,
    }),
    chunkDuration: new Histogram({
      name: 'iit_chunk_duration_seconds',
      help: 'From claiming a chunk to its commit, or to giving it up.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    inference: new Histogram({
      name: 'iit_model_inference_latency_seconds',
      help: 'Time in the engine for one chunk, reasons included.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    quarantined: new Counter({
      name: 'iit_chunks_quarantined_total',
      help: 'Chunks given up after their attempts.',
      registers,
    }),
    bells: new Counter<'outcome'>({
      name: 'iit_bells_total',
      help: 'Bells heard, by what became of them: scored, void, lost, handed_back, retry, quarantined, error.',
      labelNames: ['outcome'],
      registers,
    }),
    jobs: new Counter<'status'>({
      name: 'iit_jobs_total',
      help: 'Jobs that this process saw end, by their terminal status.',
      labelNames: ['status'],
      registers,
    }),
    jobDuration: new Histogram({
      name: 'iit_job_duration_seconds',
      help: 'From the acceptance of a job to its end.',
      buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600],
      registers,
    }),
  };
}
