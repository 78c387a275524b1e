/** Time as a dependency: tests move it, nothing sleeps for it. Leases and deadlines of chunks use PostgreSQL's clock. */
export type Clock = { nowMs: () => number };

export const systemClock: Clock = { nowMs: () => Date.now() };
