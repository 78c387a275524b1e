import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createLogger } from '#shared/log/logger.ts';
import { startTraceCollector } from '#test/support/trace-collector.ts';
import { startTracing } from './start-tracing.ts';

const log = createLogger('test', 'silent');
const settings = (endpoint: string, ratio = 1) => ({
  service: 'test',
  version: '1',
  log,
  config: {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%3Db,x-other=c',
    OTEL_TRACES_SAMPLER_ARG: ratio,
  },
});
const SAMPLED = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NOT_SAMPLED = SAMPLED.replace(/01$/u, '00');

test('without an endpoint OpenTelemetry is not loaded', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { startTracing } = await import('#shared/tracing/start-tracing.ts');
    const { tracer, stop } = await startTracing({ config: { OTEL_TRACES_SAMPLER_ARG: 1 } });
    const answer = await tracer.withSpan('work', {}, async () => 7);
    await stop();
    console.log(JSON.stringify({ answer, some: loaded.length > 0, otel: loaded.filter((url) => url.includes('opentelemetry')) }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(JSON.parse(stdout)).toEqual({ answer: 7, some: true, otel: [] });
});

test('an error passes through and leaves its code, never its message', async () => {
  await using collector = await startTraceCollector();
  const { tracer, stop } = await startTracing(settings(collector.endpoint));
  const failure = Object.assign(new Error('Key (patient_id)=(SYN-1) exists'), { code: '23505' });
  await expect(tracer.withSpan('insert', {}, () => Promise.reject(failure))).rejects.toBe(failure);
  await stop();
  expect(collector.spans).toMatchObject([{ name: 'insert', status: 2, kind: 1 }]);
  expect(collector.text()).toContain('23505');
  expect(collector.text()).not.toContain('SYN-1');
  expect(collector.headers[0]).toMatchObject({ 'x-token': 'a=b', 'x-other': 'c' });
});

test('a trace that is joined is recorded if its caller records it, whatever share of our own is', async () => {
  await using collector = await startTraceCollector();
  const { tracer, stop } = await startTracing(settings(collector.endpoint, 0));
  const work = async () => tracer.traceparent();
  const own = await tracer.withSpan('own', {}, work);
  const joined = await tracer.withSpan('joined', {}, work, { traceparent: SAMPLED });
  const unrecorded = await tracer.withSpan('unrecorded', {}, work, { traceparent: NOT_SAMPLED });
  await stop();
  expect(collector.spans.map(({ name }) => name)).toEqual(['joined']);
  expect(collector.spans[0]?.parentSpanId).toBe('00f067aa0ba902b7');
  expect([own?.slice(-2), joined?.slice(-2), unrecorded?.slice(-2)]).toEqual(['00', '01', '00']);
  expect(unrecorded).toContain('4bf92f3577b34da6a3ce929d0e0e4736');
  expect(tracer.traceparent()).toBeUndefined();
});

test('a collector that never answers does not hold the end of the process up', async () => {
  await using collector = await startTraceCollector({ answering: false });
  const { tracer, stop } = await startTracing(settings(collector.endpoint));
  await tracer.withSpan('work', {}, async () => undefined);
  const startMs = performance.now();
  await stop();
  expect(performance.now() - startMs).toBeLessThan(4_500);
});
