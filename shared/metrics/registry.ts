import type { Pool } from 'pg';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** A registry of its own for a process, with prom-client's metrics of Node. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** `iit_db_pool_connections{state}`: in use, idle, and requests that wait for one. */
export function addPoolMetrics(registry: Registry, pool: Pool): void {
  registry.registerMetric(
    new Gauge({
      name: 'iit_db_pool_connections',
      help: 'PostgreSQL connections of this process: active, idle, and callers waiting for one.',
      labelNames: ['state'],
      registers: [],
      collect() {
        this.set({ state: 'active' }, pool.totalCount - pool.idleCount);
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'waiting' }, pool.waitingCount);
      },
    }),
  );
}
