import type { Config } from '#shared/config/config.ts';
import type { Logger } from '#shared/log/logger.ts';
import { type Tracer, UNTRACED } from './tracer.ts';

export type Tracing = {
  readonly tracer: Tracer;
  /** Sends what waits, for 2.5 s at most. Idempotent; never throws. */
  readonly stop: () => Promise<void>;
};

export type TracingOptions = {
  config: Pick<
    Config,
    'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_TRACES_SAMPLER_ARG'
  >;
  service: string;
  version: string;
  log: Logger;
};

/** Loads OpenTelemetry only where OTEL_EXPORTER_OTLP_ENDPOINT is set. */
export async function startTracing({ config, service, version, log }: TracingOptions): Promise<Tracing> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return { tracer: UNTRACED, stop: async () => undefined };
  const { startOtlpTracing } = await import('./otlp-tracing.ts');
  const headers = headersOf(config.OTEL_EXPORTER_OTLP_HEADERS ?? '');
  return startOtlpTracing({
    service,
    version,
    endpoint,
    headers,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    log,
  });
}

/** `name=value,name=value`, values percent-encoded, as OpenTelemetry's specification of the variable has it. */
function headersOf(list: string): Record<string, string> {
  return Object.fromEntries(
    list
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
      }),
  );
}
