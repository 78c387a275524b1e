import { textResponse } from '#api/http/text-response.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import { databaseFailure } from '#api/http/database-failure.ts';

type ProblemKind = { status: number; title: string; retryAfterSeconds?: number };

/** Every error code as HTTP status and title; the compiler refuses a code without an entry. */
export const PROBLEMS: Record<ErrorCode, ProblemKind> = {
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  forbidden: { status: 403, title: 'The API key lacks the scope' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  invalid_query: { status: 400, title: 'A query parameter is not valid' },
  invalid_body: { status: 400, title: 'The body is not valid' },
  invalid_value: { status: 400, title: 'A value cannot be stored' },
  rate_limited: { status: 429, title: 'Too many requests', retryAfterSeconds: 10 },
  receipt_unavailable: { status: 409, title: 'There is no receipt' },
  results_expired: { status: 410, title: 'The results are no longer kept' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  unsupported_encoding: { status: 415, title: 'The content encoding is not supported' },
  empty_body: { status: 400, title: 'The body is empty' },
  empty_cohort: { status: 422, title: 'The cohort has no rows' },
  invalid_encoding: { status: 400, title: 'The body is not UTF-8' },
  truncated_body: { status: 400, title: 'The body ends too early' },
  body_too_large: { status: 413, title: 'The body is too large' },
  compression_ratio_exceeded: { status: 413, title: 'The body expands too much' },
  workbook_too_large: { status: 413, title: 'The workbook is too large' },
  row_too_large: { status: 413, title: 'A row is too large' },
  too_many_columns: { status: 422, title: 'Too many columns' },
  unterminated_quote: { status: 400, title: 'A quoted field does not end' },
  unknown_columns: { status: 422, title: 'Unknown columns' },
  missing_columns: { status: 422, title: 'Required columns are missing' },
  missing_header: { status: 422, title: 'The table has no header' },
  duplicate_columns: { status: 422, title: 'Columns occur twice' },
  stale_list: { status: 422, title: 'The list is old' },
  format_not_validated: { status: 422, title: 'The model was not validated on such an input' },
  malformed_json: { status: 400, title: 'The body is not well-formed JSON' },
  idempotency_conflict: { status: 409, title: 'The idempotency key was used for another request' },
  upload_too_slow: { status: 408, title: 'The upload is too slow' },
  upload_aborted: { status: 400, title: 'The upload did not end' },
  too_many_uploads: { status: 503, title: 'Too many uploads at once', retryAfterSeconds: 10 },
  overloaded: { status: 503, title: 'The service is behind with its work', retryAfterSeconds: 15 },
  job_not_finished: { status: 409, title: 'The job has not finished', retryAfterSeconds: 2 },
  job_finished: { status: 409, title: 'The job has finished' },
  job_cancelled: { status: 409, title: 'The job was cancelled' },
  job_aborted: { status: 409, title: 'The upload of the job did not end well' },
  job_failed: { status: 409, title: 'The job failed' },
  nothing_to_retry: { status: 409, title: 'Nothing to retry' },
  model_not_found: { status: 404, title: 'The model is not known' },
  model_invalid: { status: 422, title: 'The model is not valid' },
  model_conflict: { status: 409, title: 'The model version exists with other content' },
  feature_mismatch: { status: 422, title: 'The features do not fit the model' },
  features_unavailable: { status: 503, title: 'The feature store is not available', retryAfterSeconds: 5 },
  person_conflict: { status: 409, title: 'This person is known already' },
  key_conflict: { status: 409, title: 'There is a key of this name' },
  webhook_conflict: { status: 409, title: 'There are as many webhooks as a tenant may have' },
  source_unavailable: { status: 503, title: 'The object store could not be read' },
  source_changed: { status: 409, title: 'An object changed while the job read it' },
  login_failed: { status: 401, title: 'The log-in failed' },
  too_many_attempts: { status: 429, title: 'Too many attempts', retryAfterSeconds: 60 },
  lease_lost: { status: 500, title: 'Internal error' },
  payload_corrupt: { status: 500, title: 'Stored data are damaged' },
  database_unavailable: { status: 503, title: 'The database is not available', retryAfterSeconds: 5 },
  queue_unavailable: { status: 503, title: 'The queue is not available', retryAfterSeconds: 5 },
  scoring_failed: { status: 500, title: 'Scoring failed' },
  internal: { status: 500, title: 'Internal error' },
};

/** RFC 9457 problem details; members beyond the known ones come from the error's `details`. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  request_id: string;
  line?: number;
  field?: string;
  [detail: string]: unknown;
};

/**
 * What a thrown thing is, as a ServiceError: service errors pass, failures of the database's reach become
 * `database_unavailable`, anything else `internal`, whose message tells the caller nothing.
 */
export function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  return (
    databaseFailure(thrown) ??
    new ServiceError('internal', 'Something went wrong here; the request id finds it in the log.', {
      cause: thrown,
    })
  );
}

export function problemOf(error: ServiceError, requestId: string): Problem {
  const kind = PROBLEMS[error.code];
  return {
    ...error.details,
    type: `urn:iit-ml-service:problem:${error.code}`,
    title: kind.title,
    status: kind.status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...(error.line === undefined ? {} : { line: error.line }),
    ...(error.field === undefined ? {} : { field: error.field }),
  };
}

/** The problem as an HTTP answer, with Retry-After where waiting helps and WWW-Authenticate for a 401. */
export function problemResponse(
  error: ServiceError,
  requestId: string,
  headers: Record<string, string> = {},
): Response {
  const problem = problemOf(error, requestId);
  const out = new Headers(headers);
  out.set('content-type', 'application/problem+json');
  out.set('cache-control', 'no-store');
  const retryAfter = error.retryAfterSeconds ?? PROBLEMS[error.code].retryAfterSeconds;
  if (retryAfter !== undefined) out.set('retry-after', String(retryAfter));
  if (problem.status === 401) out.set('www-authenticate', 'Bearer realm="iit-ml-service"');
  return textResponse(JSON.stringify(problem), { status: problem.status, headers: out });
}
