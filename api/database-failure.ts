import { ServiceError } from '#shared/errors/errors.ts';

/** Class 08 connection, 53 resources, 57P0x shutdown, 58 system; Node's own names for a peer that is not there. */
const UNAVAILABLE = /^(?:08|53|57P0|58)/u;
const NODE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const STATEMENT_CANCELLED = '57014';

/**
 * PostgreSQL out of reach, out of connections or out of time, as an error that callers may retry;
 * undefined for anything else. pg reports a full pool and a lost connection by message only.
 */
export function databaseFailure(thrown: unknown): ServiceError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const code = (thrown as { code?: unknown }).code;
  if (code === STATEMENT_CANCELLED) {
    return new ServiceError('overloaded', 'The database took too long; try again.', {
      cause: thrown,
      retryable: true,
    });
  }
  const unreachable =
    (typeof code === 'string' && (UNAVAILABLE.test(code) || NODE_CODES.has(code))) ||
    /^(?:timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error)/u.test(
      thrown.message,
    );
  if (!unreachable) return undefined;
  return new ServiceError('database_unavailable', 'The database cannot be reached; try again.', {
    cause: thrown,
    retryable: true,
  });
}
