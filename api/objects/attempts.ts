import { ServiceError } from '#shared/errors/errors.ts';

/** Failures in a row before a source or an output is given up: about ten minutes of a store that is away. */
export const MOST_ATTEMPTS = 12;
const LONGEST_PAUSE_SECONDS = 60;

/** Seconds until the next attempt, after so many: 1, 2, 4 … 60. */
export function pauseAfter(attempts: number): number {
  return Math.min(2 ** (attempts - 1), LONGEST_PAUSE_SECONDS);
}

/** Whether what was thrown may pass by itself; what nobody foresaw may be the database's, and is tried again as well. */
export function isPassing(thrown: unknown): boolean {
  return !(thrown instanceof ServiceError) || thrown.retryable || thrown.code === 'internal';
}
