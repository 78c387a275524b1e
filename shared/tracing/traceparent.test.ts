import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('a traceparent is read and written back', () => {
  const text = `00-${TRACE}-${SPAN}-01`;
  const parsed = parseTraceparent(text);
  expect(parsed).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
  expect(formatTraceparent(parsed!)).toBe(text);
});

test('of unknown flags only "sampled" is kept, and a later version is read as far as it is known', () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)?.traceFlags).toBe(0);
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-03-more`)?.traceFlags).toBe(1);
});

test.each([
  ['nothing', ''],
  ['zeros for a trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['zeros for a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
  ['something cut off', `00-${TRACE}-${SPAN}`],
])('%s is no traceparent', (_, text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});
