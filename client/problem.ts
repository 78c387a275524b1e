/** What the service answers with when it refuses (RFC 9457); `code` is stable. */
export type Problem = {
  code: string;
  title: string;
  status: number;
  detail: string;
  request_id?: string;
  line?: number;
  field?: string;
};

/** The service refused, or what stands before it did. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Such as `job_not_finished`; `http_502` where a proxy answered. */
  readonly code: string;
  readonly requestId: string | undefined;
  readonly problem: Problem | undefined;
  /** What the service asked to wait, in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(response: Response, problem: Problem | undefined) {
    const reason = problem?.detail || problem?.title || `${new URL(response.url).host} answered`;
    super(`${reason} (${problem?.code ?? 'HTTP'} ${response.status})`);
    this.status = response.status;
    this.code = problem?.code ?? `http_${response.status}`;
    this.requestId = problem?.request_id ?? response.headers.get('x-request-id') ?? undefined;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds(response);
  }
}

/** Nothing answered: no such host, refused, cut, or too slow. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

const MOST_PROBLEM_BYTES = 64 * 1024;

/** Reads what a failed answer says; a body that is no problem is left away. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await readText(response, MOST_PROBLEM_BYTES);
  return new ApiError(response, parseProblem(text));
}

function parseProblem(text: string): Problem | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'code' in parsed && 'detail' in parsed
      ? (parsed as Problem)
      : undefined;
  } catch {
    return undefined;
  }
}

async function readText(response: Response, mostBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const part of response.body ?? []) {
      bytes += part.length;
      if (bytes > mostBytes) break;
      text += decoder.decode(part, { stream: true });
    }
  } catch {
    // The status says enough.
  }
  return text;
}

/** The header's seconds; a date counts from now. */
export function retryAfterSeconds(response: Response): number | undefined {
  const text = response.headers.get('retry-after');
  if (text === null) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1_000);
}
