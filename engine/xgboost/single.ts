const word = new DataView(new ArrayBuffer(8));

/** The single next below; 2¹²⁸ counts as the one above the largest. */
function singleBelow(value: number): number {
  if (value === 0) return -(2 ** -149);
  if (value === Infinity) return (2 - 2 ** -23) * 2 ** 127;
  word.setFloat32(0, value);
  word.setInt32(0, word.getInt32(0) + (value > 0 ? -1 : 1));
  return word.getFloat32(0);
}

/** The double next below a finite one. */
function doubleBelow(value: number): number {
  if (value === 0) return -(2 ** -1074);
  word.setFloat64(0, value);
  word.setBigInt64(0, word.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return word.getFloat64(0);
}

/**
 * The double T for which `value ≤ T` says what XGBoost's `float(value) < condition` says, for every double.
 * Rounding is monotone, so T is the last double that is rounded to less than the condition.
 * @param condition a single, not NaN and above −∞
 */
export function thresholdBelow(condition: number): number {
  const above = condition === Infinity ? 2 ** 128 : condition;
  const middle = (singleBelow(condition) + above) / 2;
  return Math.fround(middle) < condition ? middle : doubleBelow(middle);
}
