import { randomUUID } from 'node:crypto';
import createFetchClient, { type Client as FetchClient } from 'openapi-fetch';
import type { components, operations, paths } from './openapi.ts';
import { ConnectionError } from './problem.ts';
import { DEFAULT_RETRIES, type RetryOptions, withRetries } from './retry.ts';

export type Schemas = components['schemas'];
export type Job = Schemas['Job'];
type Query<Operation extends keyof operations> = NonNullable<operations[Operation]['parameters']['query']>;

export type ClientOptions = {
  /** Such as `https://iit.example.org`; a path before `/v1` is kept. */
  url: string;
  key?: string | undefined;
  retries?: Partial<RetryOptions> | undefined;
  /** Ends whatever is under way. */
  signal?: AbortSignal | undefined;
  /** Until the head of an answer comes; 100 s by default, longer than any long poll. Uploads have none. */
  timeoutMs?: number | undefined;
};

/** Makes the bytes anew for each attempt. */
export type Upload = () => AsyncIterable<Uint8Array> | Uint8Array;

export type Submission = Query<'post_v1_jobs'> & {
  /** The same key and content make one job; a new one for each call by default. */
  idempotencyKey?: string;
};

export type Submitted = {
  job: Job;
  /** Whether an earlier request with this key and content made the job. */
  isEarlier: boolean;
};

type Parameters = Record<string, string | number | boolean | undefined>;

const RUNNING: ReadonlySet<string> = new Set(['receiving', 'queued', 'running']);
const LONGEST_POLL_SECONDS = 30;
const DEFAULT_TIMEOUT_MS = 100_000;
const BYTES = 'application/octet-stream';

/** Whether nothing about the job changes any more. */
export function isOver(job: Pick<Job, 'status'>): boolean {
  return !RUNNING.has(job.status);
}

/**
 * The service's API. Every method throws `ApiError` where the service refuses and `ConnectionError` where nothing answers, after
 * the retries that the call allows.
 */
export class IitClient {
  readonly url: string;
  readonly #options: ClientOptions;
  readonly #retries: RetryOptions;
  readonly #http: FetchClient<paths>;

  constructor(options: ClientOptions) {
    this.url = options.url.replace(/\/+$/u, '');
    this.#options = options;
    this.#retries = { ...DEFAULT_RETRIES, ...options.retries };
    this.#http = createFetchClient<paths>({ baseUrl: this.url, headers: this.#headers() });
  }

  /** Any call, typed by the service's own description; the answer's body, parsed. */
  async call<Data>(
    send: (
      http: FetchClient<paths>,
      fetch: (request: Request) => Promise<Response>,
    ) => Promise<{ data?: Data }>,
    options: { isRepeatable?: boolean } = {},
  ): Promise<Exclude<Data, string>> {
    const { data } = await send(this.#http, (request) => this.#send(request, options.isRepeatable));
    return data as Exclude<Data, string>;
  }

  /**
   * Streams a file into a new job. A cut line is tried again with the same key: what had arrived whole is found, the rest is sent
   * anew. `isRepeatable: false` for an upload that can be read once: it is tried once.
   */
  async submit(
    upload: Upload,
    { idempotencyKey = randomUUID(), ...query }: Submission = {},
    options: { isRepeatable?: boolean } = {},
  ): Promise<Submitted> {
    const headers = { 'idempotency-key': idempotencyKey };
    const response = await this.#upload('/v1/jobs', upload, query, { ...options, headers });
    return {
      job: (await response.json()) as Job,
      isEarlier: response.headers.get('idempotency-replayed') === 'true',
    };
  }

  /** What would be understood of a file; nothing is stored. */
  async check(upload: Upload, query: Query<'post_v1_check'> = {}): Promise<Schemas['Check']> {
    return (await (await this.#upload('/v1/check', upload, query)).json()) as Schemas['Check'];
  }

  async job(id: string): Promise<Job> {
    return await this.call((http, fetch) => http.GET('/v1/jobs/{id}', { params: { path: { id } }, fetch }));
  }

  /**
   * The job now and whenever it has changed, until it is over. Long polls, so that it costs little; `signal` ends it with its
   * reason.
   */
  async *watch(id: string, signal?: AbortSignal): AsyncGenerator<Job> {
    let etag: string | undefined;
    for (;;) {
      const headers: Record<string, string> =
        etag === undefined ? {} : { prefer: `wait=${LONGEST_POLL_SECONDS}`, 'if-none-match': etag };
      const response = await this.#get(`/v1/jobs/${encodeURIComponent(id)}`, headers, signal);
      if (response.status === 304) continue;
      etag = response.headers.get('etag') ?? undefined;
      const job = (await response.json()) as Job;
      yield job;
      if (isOver(job)) return;
    }
  }

  /** Jobs of the tenant, newest first. */
  jobs(query: Omit<Query<'get_v1_jobs'>, 'cursor'> = {}): AsyncGenerator<Job> {
    return pages(
      (cursor) =>
        this.call((http, fetch) =>
          http.GET('/v1/jobs', { params: { query: { ...query, ...cursor } }, fetch }),
        ),
      ({ jobs }) => jobs,
    );
  }

  /** Risks of a job that is over, page after page. For whole cohorts `download` is faster. */
  results(
    id: string,
    query: Omit<Query<'get_v1_jobs_id_results'>, 'cursor' | 'format'> = {},
  ): AsyncGenerator<Schemas['Result']> {
    return pages(
      (cursor) =>
        this.call((http, fetch) =>
          http.GET('/v1/jobs/{id}/results', {
            params: { path: { id }, query: { limit: 1_000, ...query, format: 'json', ...cursor } },
            fetch,
          }),
        ),
      ({ rows }) => rows,
    );
  }

  rejections(id: string): AsyncGenerator<Schemas['RejectionPage']['rejections'][number]> {
    return pages(
      (cursor) =>
        this.call((http, fetch) =>
          http.GET('/v1/jobs/{id}/rejections', {
            params: { path: { id }, query: { limit: 1_000, ...cursor } },
            fetch,
          }),
        ),
      ({ rejections }) => rejections,
    );
  }

  /** A row with the proof that it stands in the signed log. */
  async receipt(id: string, row: number): Promise<Schemas['Receipt']> {
    return await this.call((http, fetch) =>
      http.GET('/v1/jobs/{id}/rows/{row}/receipt', { params: { path: { id, row } }, fetch }),
    );
  }

  auditRecords(query: Omit<Query<'get_v1_audit'>, 'cursor'> = {}): AsyncGenerator<Schemas['AuditRecord']> {
    return pages(
      (cursor) =>
        this.call((http, fetch) =>
          http.GET('/v1/audit', { params: { query: { ...query, ...cursor } }, fetch }),
        ),
      ({ records }) => records,
    );
  }

  auditEvents(
    query: Omit<Query<'get_v1_audit_events'>, 'cursor'> = {},
  ): AsyncGenerator<Schemas['AuditEvent']> {
    return pages(
      (cursor) =>
        this.call((http, fetch) =>
          http.GET('/v1/audit/events', { params: { query: { ...query, ...cursor } }, fetch }),
        ),
      ({ events }) => events,
    );
  }

  /**
   * A file of the service as a stream, such as `/v1/jobs/{id}/results` with `format: 'csv'`. Tried again only until its first byte:
   * a stream that is cut throws `ConnectionError`, and what came before is not whole.
   */
  async *download(path: string, query: Parameters = {}): AsyncGenerator<Uint8Array> {
    const response = await this.#get(path + search(query), {});
    try {
      for await (const part of response.body ?? []) yield part;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      throw new ConnectionError('The line was cut before the file had ended.', { cause: error });
    }
  }

  async #get(path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    const request = new Request(this.url + path, { headers: { ...this.#headers(), ...headers } });
    return await this.#send(request, true, signal);
  }

  async #send(
    request: Request,
    isRepeatable = request.method === 'GET',
    own?: AbortSignal,
  ): Promise<Response> {
    const retries = isRepeatable ? this.#retries : { ...this.#retries, attempts: 1 };
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const given = [this.#options.signal, own].filter((one) => one !== undefined);
    const signal = given.length === 0 ? undefined : AbortSignal.any(given);
    return await withRetries(() => fetchInTime(request.clone(), timeoutMs, signal), retries, signal);
  }

  async #upload(
    path: string,
    upload: Upload,
    query: Parameters,
    options: { headers?: Record<string, string>; isRepeatable?: boolean } = {},
  ): Promise<Response> {
    const { signal } = this.#options;
    const { isRepeatable = true } = options;
    return await withRetries(
      async () =>
        await fetch(this.url + path + search(query), {
          method: 'POST',
          headers: { 'content-type': BYTES, ...this.#headers(), ...options.headers },
          body: bodyOf(upload()),
          duplex: 'half',
          ...(signal === undefined ? {} : { signal }),
        }),
      isRepeatable ? this.#retries : { ...this.#retries, attempts: 1 },
      signal,
    );
  }

  #headers(): Record<string, string> {
    const { key } = this.#options;
    return key === undefined ? {} : { authorization: `Bearer ${key}` };
  }
}

/** Every item of a list that comes in pages; the next page is asked for when it is needed. */
async function* pages<Page extends { next_cursor: string | null }, Item>(
  read: (cursor: { cursor?: string }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): AsyncGenerator<Item> {
  let cursor: string | null = null;
  do {
    const page: Page = await read(cursor === null ? {} : { cursor });
    yield* itemsOf(page);
    cursor = page.next_cursor;
  } while (cursor !== null);
}

/** Bounds the time until the head of the answer; its body may then stream for as long as it takes. */
async function fetchInTime(
  request: Request,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new ConnectionError(`nothing came within ${timeoutMs / 1_000} s`)),
    timeoutMs,
  );
  try {
    return await fetch(request, {
      signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** A stream of Node's own kind, which is what its `fetch` takes. */
function bodyOf(content: AsyncIterable<Uint8Array> | Uint8Array): NonNullable<RequestInit['body']> {
  return content instanceof Uint8Array
    ? (content as Uint8Array<ArrayBuffer>)
    : (ReadableStream.from(content) as NonNullable<RequestInit['body']>);
}

/** `?a=1&b=2`, or nothing. */
function search(query: Parameters): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size === 0 ? '' : `?${params.toString()}`;
}
