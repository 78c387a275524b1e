import { isServerFailure } from '#shared/db/database-failure.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const STATEMENT_CANCELLED = '57014';

/**
 * PostgreSQL out of reach, out of connections or out of time, as an error that callers may retry;
 * undefined for anything else.
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
  if (!isServerFailure(thrown)) return undefined;
  return new ServiceError('database_unavailable', 'The database cannot be reached; try again.', {
    cause: thrown,
    retryable: true,
  });
}
