import { describe, expect, it } from 'vitest';
import { judgeRefillUnit, readRefill } from './refill.ts';

describe('a refill', () => {
  it.each([
    ['3', 'months', 90],
    ['3.0', 'months', 90],
    ['2.8', 'months', 84],
    ['2,8', 'months', 84],
    ['0.5', 'months', 15],
    ['90', 'days', 90],
    ['3 months', 'days', 90],
    ['3 Month(s)', 'days', 90],
    ['3mths', 'days', 90],
    ['MMD 3', 'days', 90],
    ['MMD-6', 'months', 180],
    ['6MMD', 'months', 180],
    ['90 days', 'months', 90],
    ['90-days', 'months', 90],
    ['12 weeks', 'months', 84],
    ['3/12', 'days', 90],
    ['2/52', 'months', 14],
    ['10/7', 'months', 10],
    ['3+', 'months', 90],
    ['6+ MMD', 'days', 180],
    ['MMD 6+', 'days', 180],
    ['three', 'months', 90],
    ['Three months', 'days', 90],
    ['three (3) months', 'days', 90],
    ['3 (three)', 'months', 90],
    ['3 months (90 days)', 'days', 90],
    ['90 days (3 months)', 'months', 90],
    ['1/2 month', 'days', 15],
    ['30 x 3', 'months', 90],
    ['3 mois', 'days', 90],
    ['90 dias', 'months', 90],
    ['-3', 'months', -90],
  ] as const)('“%s” in a column of %s is %i days', (text, unit, days) => {
    expect(readRefill(text, unit)?.days).toBe(days);
  });

  it.each(['MMD', 'ninety', '3 tablets', '3 or 6', '1/2', '3'.repeat(50)])('“%s” is none', (text) => {
    expect(readRefill(text, 'months')).toBeUndefined();
  });
});

describe('the unit of a column of refills', () => {
  it.each([
    ['months', ['1', '3', '6', '2.8'], 'months'],
    ['months', ['30', '90', '180'], 'days'],
    ['months', ['3', '90'], 'months'],
    ['months', ['3 months', '90 days'], 'months'],
    ['days', ['30', '90', '7'], 'days'],
    ['days', ['3', '6'], 'days'],
    [undefined, ['3', '6'], 'months'],
    [undefined, ['30', '90'], 'days'],
    [undefined, ['3', '90'], 'unknown'],
  ] as const)('headed %s with %j is %s', (headed, texts, unit) => {
    expect(judgeRefillUnit(texts, headed)).toBe(unit);
  });
});
