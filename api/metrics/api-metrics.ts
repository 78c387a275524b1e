import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type ApiMetrics = ReturnType<typeof createApiMetrics>;

/** The api's own metrics on `registry`; `route` is always a template (`/v1/jobs/{id}`), so label sets are bounded. */
export function createApiMetrics(registry: Registry) {
  const registers = [registry];
  return {
    registry,
    requests: new Counter<'method' | 'route' | 'status'>({
      name: 'iit_http_requests_total',
      help: 'HTTP requests answered, by method, route template and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    duration: new Histogram<'method' | 'route' | 'status'>({
      name: 'iit_http_request_duration_seconds',
      help: 'Time from the request line to the last byte of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800],
      registers,
    }),
    inFlight: new Gauge({
      name: 'iit_http_requests_in_flight',
      help: 'HTTP requests being answered now, long polls and streams included.',
      registers,
    }),
    errors: new Counter<'code'>({
      name: 'iit_api_errors_total',
      help: 'Requests refused or failed, by error code.',
      labelNames: ['code'],
      registers,
    }),
    webhookAttempts: new Counter<'outcome'>({
      name: 'iit_webhook_attempts_total',
      help: 'Attempts to deliver webhooks: delivered, failed (tried again) or dead (given up).',
      labelNames: ['outcome'],
      registers,
    }),
  };
}

export type Limits = {
  uploads: { readonly open: number };
  memory: { readonly usedBytes: number; readonly maxBytes: number };
};

/** `iit_uploads_in_progress` and `iit_memory_budget_bytes{kind}`: what this process holds for foreign work. */
export function addLimitMetrics(registry: Registry, { uploads, memory }: Limits): void {
  registry.registerMetric(
    new Gauge({
      name: 'iit_memory_budget_bytes',
      help: 'Bytes held for foreign work: used now, and the most that may be.',
      labelNames: ['kind'],
      registers: [],
      collect() {
        this.set({ kind: 'used' }, memory.usedBytes);
        this.set({ kind: 'limit' }, memory.maxBytes);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_uploads_in_progress',
      help: 'Cohorts being received now.',
      registers: [],
      collect() {
        this.set(uploads.open);
      },
    }),
  );
}
