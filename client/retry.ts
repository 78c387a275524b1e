import { setTimeout as pause } from 'node:timers/promises';
import { type ApiError, ConnectionError, errorOf, retryAfterSeconds } from './problem.ts';

export type RetryOptions = {
  /** Attempts in all; 1 never tries again. */
  attempts: number;
  /** Before the second attempt, doubled before each later one; half of it is chance. */
  firstDelayMs: number;
  /** No longer than this between two attempts, whatever the service asks for. */
  longestDelayMs: number;
  /** Told before each wait. */
  onRetry?: ((reason: Error, delayMs: number) => void) | undefined;
};

export const DEFAULT_RETRIES: RetryOptions = {
  attempts: 5,
  firstDelayMs: 400,
  longestDelayMs: 30_000,
};

/** Answers that another attempt may turn into better ones. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Sends what `attempt` makes until it is answered well, refused for good, or given up. Each attempt makes its own request, so
 * that a body which is a stream begins anew. Only for calls that may be repeated: reads, and changes that carry an
 * `Idempotency-Key` or are the same when done twice.
 * @throws ApiError when the service refuses; ConnectionError when nothing answers.
 */
export async function withRetries(
  attempt: () => Promise<Response>,
  options: RetryOptions,
  signal: AbortSignal | undefined,
): Promise<Response> {
  for (let made = 1; ; made++) {
    const outcome = await once(attempt, signal);
    if (outcome.response !== undefined) return outcome.response;
    const { error, asked } = outcome;
    if (made >= options.attempts || !mayPass(error)) throw error;
    const backoffMs = options.firstDelayMs * 2 ** (made - 1) * (0.5 + Math.random() / 2);
    const delayMs = Math.min(options.longestDelayMs, Math.max(backoffMs, (asked ?? 0) * 1_000));
    options.onRetry?.(error, delayMs);
    await pause(delayMs, undefined, signal === undefined ? {} : { signal });
  }
}

type Outcome =
  | { response: Response }
  | { response?: undefined; error: ApiError | ConnectionError; asked?: number | undefined };

async function once(attempt: () => Promise<Response>, signal: AbortSignal | undefined): Promise<Outcome> {
  let response: Response;
  try {
    response = await attempt();
  } catch (error) {
    signal?.throwIfAborted();
    return { error: new ConnectionError(`No answer: ${reasonOf(error)}`, { cause: error }) };
  }
  if (response.ok || response.status === 304) return { response };
  return { error: await errorOf(response), asked: retryAfterSeconds(response) };
}

function mayPass(error: ApiError | ConnectionError): boolean {
  return error instanceof ConnectionError || PASSING.has(error.status);
}

/** `fetch` hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
