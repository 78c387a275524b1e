/** Never a patient's id or anything of a patient's: names, ids of jobs and chunks, counts. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export type SpanOrigin = {
  /** Default: internal. */
  kind?: 'server' | 'client' | 'producer' | 'consumer';
  /** W3C traceparent of the caller, whose trace is joined; without a valid one the span under way is the parent. */
  traceparent?: string | undefined;
};

/** A span under way, for work that does not end where it begins. */
export type OpenSpan = {
  /** Everything that the work starts, however late, has this span for its parent. */
  readonly run: <T>(work: () => T) => T;
  readonly rename: (name: string) => void;
  readonly set: (attributes: SpanAttributes) => void;
  /** Marks it failed, by a code: messages may quote rows. */
  readonly fail: (code: string) => void;
  readonly end: () => void;
};

/** What the service knows of tracing; OpenTelemetry is behind it when an endpoint is configured, else nothing. */
export type Tracer = {
  /** A span from the call of `work` to its end; an error passes through and leaves its code on the span. */
  readonly withSpan: <T>(
    name: string,
    attributes: SpanAttributes,
    work: (span: OpenSpan) => Promise<T>,
    origin?: SpanOrigin,
  ) => Promise<T>;
  /** The caller ends it. */
  readonly begin: (name: string, attributes: SpanAttributes, origin?: SpanOrigin) => OpenSpan;
  /** W3C traceparent of the span under way, to be sent along; undefined where there is none. */
  readonly traceparent: () => string | undefined;
};

const NO_SPAN: OpenSpan = {
  run: (work) => work(),
  rename: () => undefined,
  set: () => undefined,
  fail: () => undefined,
  end: () => undefined,
};

/** Tracing switched off. */
export const UNTRACED: Tracer = {
  withSpan: (_name, _attributes, work) => work(NO_SPAN),
  begin: () => NO_SPAN,
  traceparent: () => undefined,
};

/** Marks spans of statements and transactions on PostgreSQL. */
export const POSTGRESQL = { 'db.system': 'postgresql' } as const;
