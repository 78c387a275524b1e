import fc from 'fast-check';
import { expect, test } from 'vitest';
import { brierScore, calibrationBins, observedAuc } from './outcome-metrics.ts';
import { rankCorrelation } from './rank-correlation.ts';

test('the AUC is the share of pairs in the right order, ties counted half', () => {
  const row = fc.record({ risk: fc.integer({ min: 0, max: 5 }), interrupted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      const risks = rows.map((r) => r.risk / 5);
      const interrupted = rows.map((r) => r.interrupted);
      let pairs = 0;
      let right = 0;
      for (const a of rows.filter((r) => r.interrupted)) {
        for (const b of rows.filter((r) => !r.interrupted)) {
          pairs++;
          right += a.risk > b.risk ? 1 : a.risk === b.risk ? 0.5 : 0;
        }
      }
      const auc = observedAuc({ risks, interrupted });
      expect(auc === null).toBe(pairs === 0);
      expect(auc ?? 0).toBeCloseTo(pairs === 0 ? 0 : right / pairs, 12);
    }),
  );
});

test('calibration bins hold every row once, in ascending risk', () => {
  const risks = Array.from({ length: 103 }, (_, i) => ((i * 37) % 103) / 103);
  const interrupted = risks.map((risk) => risk > 0.5);
  const bins = calibrationBins({ risks, interrupted });
  expect(bins.reduce((sum, bin) => sum + bin.n, 0)).toBe(103);
  expect(bins.map((bin) => bin.mean_predicted)).toEqual(
    bins.map((bin) => bin.mean_predicted).toSorted((a, b) => a - b),
  );
  expect(bins[0]?.observed).toBe(0);
  expect(bins.at(-1)?.observed).toBe(1);
  expect(calibrationBins({ risks: [], interrupted: [] })).toEqual([]);
});

test('the Brier score is the mean squared distance', () => {
  expect(brierScore({ risks: [0.5, 1], interrupted: [true, true] })).toBe(0.125);
  expect(brierScore({ risks: [], interrupted: [] })).toBeNull();
});

test('rank correlation sees order alone', () => {
  const a = Float64Array.of(1, 2, 3, 4, 5);
  expect(
    rankCorrelation(
      a,
      a.map((value) => value ** 3),
    ),
  ).toBeCloseTo(1, 12);
  expect(
    rankCorrelation(
      a,
      a.map((value) => -value),
    ),
  ).toBeCloseTo(-1, 12);
  expect(rankCorrelation(a, new Float64Array(5))).toBeNull();
  expect(rankCorrelation(Float64Array.of(1, 2, 2, 3), Float64Array.of(1, 3, 2, 4))).toBeCloseTo(
    0.9486832980505138,
    12,
  );
});
