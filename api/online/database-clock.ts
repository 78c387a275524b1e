import type { Pool } from 'pg';

/** PostgreSQL's expression for its clock in microseconds since 1970. */
export const CLOCK_MICROS_SQL = '(extract(epoch FROM clock_timestamp()) * 1000000)::int8';

/**
 * PostgreSQL's clock without asking for it each time: read with every group's commit and carried on between two by this
 * process's monotonic clock. Behind the real one by less than the round trip of the last reading.
 */
export class DatabaseClock {
  readonly #pool: Pool;
  #aheadMicros: number | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Microseconds since 1970. */
  async nowMicros(): Promise<number> {
    if (this.#aheadMicros === undefined) {
      const { rows } = await this.#pool.query<{ micros: string }>(
        `SELECT ${CLOCK_MICROS_SQL}::text AS micros`,
      );
      this.read(Number(rows[0]?.micros));
    }
    return Math.floor((this.#aheadMicros ?? 0) + performance.now() * 1_000);
  }

  /** Takes what PostgreSQL has just told. */
  read(micros: number): void {
    if (Number.isFinite(micros)) this.#aheadMicros = micros - performance.now() * 1_000;
  }
}
