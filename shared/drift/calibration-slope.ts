/** Logistic recalibration: 0 and 1 are perfect; intervals of 95 %. */
export type Slope = {
  intercept: number;
  slope: number;
  slopeInterval: [number, number];
};

const ROUNDS = 30;
const CONVERGED = 1e-9;
const TWO_SIDED_95 = 1.96;

/**
 * Outcome ~ intercept + slope × logit by Newton's method over counted bins. `repeats` is how many predictions a patient has
 * on average: they are much alike, so that the interval is that of the patients. Null where it cannot be told.
 */
export function calibrationSlope(
  bins: readonly { logit: number; n: number; interrupted: number }[],
  repeats = 1,
): Slope | null {
  const events = bins.reduce((sum, { interrupted }) => sum + interrupted, 0);
  const all = bins.reduce((sum, { n }) => sum + n, 0);
  if (events === 0 || events === all || bins.length < 2) return null;
  let intercept = 0;
  let slope = 1;
  let variance = NaN;
  for (let round = 0; round < ROUNDS; round++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0];
    for (const { logit, n, interrupted } of bins) {
      const p = 1 / (1 + Math.exp(-(intercept + slope * logit)));
      const weight = n * p * (1 - p);
      g0 += interrupted - n * p;
      g1 += (interrupted - n * p) * logit;
      h00 += weight;
      h01 += weight * logit;
      h11 += weight * logit ** 2;
    }
    const determinant = h00 * h11 - h01 ** 2;
    if (!(determinant > 0)) return null;
    const [step0, step1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    intercept += step0;
    slope += step1;
    variance = h00 / determinant;
    if (Math.abs(step0) + Math.abs(step1) < CONVERGED) break;
  }
  if (!Number.isFinite(intercept) || !Number.isFinite(slope)) return null;
  const margin = TWO_SIDED_95 * Math.sqrt(variance * repeats);
  return { intercept, slope, slopeInterval: [slope - margin, slope + margin] };
}
