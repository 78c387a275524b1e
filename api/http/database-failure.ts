import { isForeignValue, isServerFailure } from '#shared/db/database-failure.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const STATEMENT_CANCELLED = '57014';

/**
 * PostgreSQL out of reach, read-only, out of connections or out of time, as an error that callers may retry; a value that
 * it cannot hold as `invalid_value`; undefined for anything else. Its own words stay here: they quote values.
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
  if (isForeignValue(thrown)) {
    return new ServiceError('invalid_value', 'A value of the request cannot be stored: it is out of range.', {
      cause: thrown,
    });
  }
  if (!isServerFailure(thrown)) return undefined;
  return new ServiceError('database_unavailable', 'The database cannot be reached; try again.', {
    cause: thrown,
    retryable: true,
  });
}
