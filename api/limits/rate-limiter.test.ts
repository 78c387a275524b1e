import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

function limiter(perSecond: number, options: { mostIds?: number } = {}) {
  const clock = { nowMs: 0 };
  return {
    clock,
    rate: new RateLimiter({ name: 'test', perSecond, nowMs: () => clock.nowMs, ...options }),
  };
}

test('no window lets through more than its quota, and a steady caller below it is never refused', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 400 }), (pausesMs) => {
      const { clock, rate } = limiter(2);
      const passed: number[] = [];
      for (const pause of pausesMs) {
        clock.nowMs += pause;
        if (rate.take('a').retryAfterSeconds === 0) passed.push(clock.nowMs);
      }
      for (const [i, at] of passed.entries()) {
        const window = Math.floor(at / 10_000);
        const same = passed.slice(0, i + 1).filter((other) => Math.floor(other / 10_000) === window);
        expect(same.length).toBeLessThanOrEqual(20);
      }
    }),
  );
  const { clock, rate } = limiter(2);
  for (let i = 0; i < 1_000; i++) {
    clock.nowMs += 505;
    expect(rate.take('a').retryAfterSeconds).toBe(0);
  }
});

test('one id is not counted against another, and ids without end share one count', () => {
  const { rate } = limiter(1, { mostIds: 3 });
  for (let i = 0; i < 10; i++) rate.take('a');
  expect(rate.take('a')).toEqual({ retryAfterSeconds: 10, remaining: 0 });
  expect(rate.take('b').retryAfterSeconds).toBe(0);
  const passed = Array.from({ length: 1_000 }, (_, i) => rate.take(`many-${i}`)).filter(
    ({ retryAfterSeconds }) => retryAfterSeconds === 0,
  );
  expect(passed.length).toBeLessThanOrEqual(11);
});

test('0 turns the limit off', () => {
  const { rate } = limiter(0);
  for (let i = 0; i < 1_000; i++) expect(rate.take('a').retryAfterSeconds).toBe(0);
});
