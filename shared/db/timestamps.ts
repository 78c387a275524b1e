import { type RawBuilder, sql } from 'kysely';

/** A timestamptz from microseconds since 1970: a JavaScript Date would lose the last three digits. */
export function timestampOfMicros(micros: number): RawBuilder<Date> {
  return sql<Date>`to_timestamp(0) + ${micros}::int8 * interval '1 microsecond'`;
}
