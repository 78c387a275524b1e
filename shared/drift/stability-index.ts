/** Half a row in every bin, on both sides, keeps an empty bin finite. */
const PRIOR = 0.5;

/**
 * Population stability index Σ (a − e) ln(a / e) between the shares of two histograms, less what sampling alone makes
 * of it. For two samples of n and m rows of one distribution over k bins, PSI × nm/(n + m) follows χ² with k − 1 degrees
 * of freedom (Yurdakul & Naranjo 2020, "Statistical properties of the population stability index"): its mean,
 * (k − 1)(1/n + 1/m), is taken off, and what does not exceed the mean by three standard deviations is 0.
 */
export function stabilityIndex(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  const bins = expected.length;
  let expectedTotal = 0;
  let actualTotal = 0;
  for (let i = 0; i < bins; i++) {
    expectedTotal += expected[i]!;
    actualTotal += actual[i]!;
  }
  if (expectedTotal === 0 || actualTotal === 0) return 0;
  let index = 0;
  let used = 0;
  for (let i = 0; i < bins; i++) {
    if (expected[i] === 0 && actual[i] === 0) continue;
    used++;
    const e = (expected[i]! + PRIOR) / (expectedTotal + PRIOR * bins);
    const a = (actual[i]! + PRIOR) / (actualTotal + PRIOR * bins);
    index += (a - e) * Math.log(a / e);
  }
  const scale = 1 / expectedTotal + 1 / actualTotal;
  const mean = (used - 1) * scale;
  const deviation = Math.sqrt(2 * (used - 1)) * scale;
  return index <= mean + 3 * deviation ? 0 : index - mean;
}
