import { describe, expect, test } from 'vitest';
import { matchesEtag } from './etag.ts';
import { preferredWaitMs } from './preferred-wait.ts';

describe('Prefer: wait', () => {
  test.each([
    [undefined, 0],
    ['', 0],
    [['respond-async', 'wait=5'], 5_000],
    ['wait=30', 30_000],
    ['respond-async, wait=5', 5_000],
    ['wait = "7"; x=y', 7_000],
    ['wait=999999', 60_000],
    ['wait=-1', 0],
    ['wait=soon', 0],
    ['await=9', 0],
  ])('%j waits %d ms', (prefer, waitMs) => {
    expect(preferredWaitMs(prefer)).toBe(waitMs);
  });
});

describe('If-None-Match', () => {
  test.each(['W/"a"', '"a"', '*', '"b", W/"a"'])('%s matches W/"a"', (given) => {
    expect(matchesEtag(given, 'W/"a"')).toBe(true);
  });

  test.each(['"b"', 'a', ''])('%j does not match W/"a"', (given) => {
    expect(matchesEtag(given, 'W/"a"')).toBe(false);
  });
});
