import { Counter, Histogram, type Registry } from 'prom-client';

export type OnlineMetrics = ReturnType<typeof createOnlineMetrics>;

/** Metrics of online prediction under the deployment guide's names, on `registry`. */
export function createOnlineMetrics(registry: Registry) {
  const registers = [registry];
  const requests = new Counter<'source' | 'outcome'>({
    name: 'iit_prediction_requests_total',
    help: 'Online prediction requests by where their features came from and how they ended.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const answered = (source: string) => requests.labels({ source, outcome: 'answered' });
  return {
    requests,
    answered: { rows: answered('rows'), nmrs: answered('nmrs'), stored: answered('stored') },
    duration: new Histogram({
      name: 'iit_prediction_duration_seconds',
      help: 'Time of an online prediction from its parsed head to its audited answer.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    inference: new Histogram({
      name: 'iit_model_inference_latency_seconds',
      help: 'Time in the engine: a group of online rows, or a chunk of a job.',
      buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
      registers,
    }),
    hits: new Counter({
      name: 'iit_feature_store_cache_hits_total',
      help: 'Patients whose features lay in the feature store.',
      registers,
    }),
    misses: new Counter({
      name: 'iit_feature_store_cache_misses_total',
      help: 'Patients whose features had to be looked for in past jobs.',
      registers,
    }),
  };
}
