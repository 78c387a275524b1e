import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '#shared/log/logger.ts';
import { withinMs } from '#shared/lifecycle/within.ts';
import type { OpenSpan, SpanOrigin, Tracer } from './tracer.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

const EXPORT_INTERVAL_MS = 2_000;
const EXPORT_TIMEOUT_MS = 5_000;
/** Spans that wait for the collector; more are dropped. */
const WAITING_SPANS = 8_192;
const FLUSH_TIMEOUT_MS = 2_500;
const ERROR_CODE = /^\w{1,64}$/u;

export type OtlpTracingOptions = {
  service: string;
  version: string;
  /** Base address of a collector; spans are posted to `/v1/traces` below it. */
  endpoint: string;
  headers: Record<string, string>;
  /** Of traces that begin here; one that is joined is recorded if its caller records it. */
  ratio: number;
  log: Logger;
};

/**
 * OpenTelemetry behind the tracer: its own provider and context, nothing of it global but the diagnostics' log.
 * A collector that is down costs bounded memory and a warning, never a request. `stop` flushes for 2.5 s at most.
 */
export function startOtlpTracing(options: OtlpTracingOptions): { tracer: Tracer; stop: () => Promise<void> } {
  const { service, version, endpoint, headers, ratio, log } = options;
  const tell = (message: string) => log.warn({ reason: message.slice(0, 300) }, 'tracing reports a problem');
  const silent = () => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint.replace(/\/+$/u, '')}/v1/traces`,
          headers,
          timeoutMillis: EXPORT_TIMEOUT_MS,
        }),
        scheduledDelayMillis: EXPORT_INTERVAL_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        maxQueueSize: WAITING_SPANS,
      }),
    ],
  });
  const spans = provider.getTracer(service, version);
  const current = new AsyncLocalStorage<Context>();

  const begin: Tracer['begin'] = (name, attributes, origin = {}) => {
    const parent = joined(origin) ?? current.getStore() ?? ROOT_CONTEXT;
    const kind = origin.kind === undefined ? SpanKind.INTERNAL : KINDS[origin.kind];
    const span = spans.startSpan(name, { kind, attributes: { ...attributes } }, parent);
    const inside = trace.setSpan(parent, span);
    return {
      run: (work) => current.run(inside, work),
      rename: (renamed) => void span.updateName(renamed),
      set: (added) => void span.setAttributes({ ...added }),
      fail: (code) => void span.setStatus({ code: SpanStatusCode.ERROR, message: code }),
      end: () => span.end(),
    };
  };
  const tracer: Tracer = {
    begin,
    withSpan: async (name, attributes, work, origin) => {
      const span: OpenSpan = begin(name, attributes, origin);
      try {
        return await span.run(() => work(span));
      } catch (error) {
        span.fail(codeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    traceparent: () => {
      const span = trace.getSpanContext(current.getStore() ?? ROOT_CONTEXT);
      return span === undefined ? undefined : formatTraceparent(span);
    },
  };
  const late = () => new Error('the collector did not take the last spans in time');
  const stop = async () => {
    try {
      await withinMs(provider.shutdown(), FLUSH_TIMEOUT_MS, late);
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'the last spans were dropped');
    }
  };
  let stopped: Promise<void> | undefined;
  return { tracer, stop: () => (stopped ??= stop()) };
}

function joined({ traceparent }: SpanOrigin): Context | undefined {
  const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  return parent === undefined ? undefined : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

/** The code of a domain error or SQLSTATE. Messages are left out: PostgreSQL's quote the row. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : 'internal';
}
