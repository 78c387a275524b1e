import { expect, test } from 'vitest';
import { tierName, tierPolicy } from './tier-policy.ts';

test('a cut-off belongs to the tier above it', () => {
  const tier = tierPolicy({ medium: 0.123, high: 0.24 });
  expect([0, 0.1229, 0.123, 0.2399, 0.24, 1].map((risk) => tierName(tier(risk, undefined)))).toEqual([
    'low',
    'low',
    'medium',
    'medium',
    'high',
    'high',
  ]);
});

test("a facility's own cut-offs win over the model's, and only there", () => {
  const tier = tierPolicy({ medium: 0.1, high: 0.2, facility_overrides: { F1: { medium: 0.3, high: 0.5 } } });
  expect(tier(0.25, 'F1')).toBe(0);
  expect(tier(0.25, 'F2')).toBe(2);
  expect(tier(0.25, null)).toBe(2);
  expect(tier(0.25, 'constructor')).toBe(2);
});
