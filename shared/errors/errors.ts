/**
 * Everything that the service refuses or fails at, by stable code. The api maps each to problem+json
 * (api/http/problem.ts), the worker to retry or give up; neither sees the other's mapping.
 */
export const ERROR_CODES = [
  'unauthenticated',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'invalid_query',
  'invalid_body',
  'invalid_value',
  'rate_limited',
  'results_expired',
  'receipt_unavailable',
  'invalid_cursor',
  'unsupported_media_type',
  'unsupported_encoding',
  'empty_body',
  'empty_cohort',
  'invalid_encoding',
  'truncated_body',
  'body_too_large',
  'compression_ratio_exceeded',
  'row_too_large',
  'workbook_too_large',
  'too_many_columns',
  'unterminated_quote',
  'unknown_columns',
  'missing_columns',
  'missing_header',
  'duplicate_columns',
  'stale_list',
  'format_not_validated',
  'malformed_json',
  'idempotency_conflict',
  'upload_too_slow',
  'upload_aborted',
  'too_many_uploads',
  'overloaded',
  'job_not_finished',
  'job_finished',
  'job_cancelled',
  'job_aborted',
  'job_failed',
  'nothing_to_retry',
  'model_not_found',
  'model_invalid',
  'model_conflict',
  'feature_mismatch',
  'features_unavailable',
  'person_conflict',
  'key_conflict',
  'webhook_conflict',
  'source_unavailable',
  'source_changed',
  'login_failed',
  'too_many_attempts',
  'lease_lost',
  'payload_corrupt',
  'database_unavailable',
  'queue_unavailable',
  'scoring_failed',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export type ErrorPlace = {
  /** 1-based line of the decompressed body. */
  line?: number;
  field?: string;
};

export type ServiceErrorOptions = ErrorPlace & {
  /** For the log, never for the caller. */
  cause?: unknown;
  retryable?: boolean;
  retryAfterSeconds?: number;
  /** Further members of the problem document, such as the list of unknown columns. */
  details?: Record<string, unknown>;
};

/** A failure with a public message: the message goes to callers, so it names the place and holds no patient data. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly line: number | undefined;
  readonly field: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.line = options.line;
    this.field = options.field;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details = options.details ?? {};
  }
}
