/** What the risks alone say of how well they rank, as long as they are right. */
export type Estimated = {
  /** Share that is expected to be interrupted. */
  expectedRate: number;
  auc: number | null;
  /** The same of the reference's patients like these. */
  referenceAuc: number | null;
};

/**
 * Performance before outcomes are known (confidence-based estimation, as NannyML does it): with calibrated risks a row of
 * risk p is p of an event and 1 − p of none, so that bins of risks give an expected AUC. It falls when patients come that the
 * model cannot tell apart. That risks are no longer right it cannot see: outcomes can.
 */
export function estimatePerformance(
  counts: ArrayLike<number>,
  reference: ArrayLike<number>,
  means: readonly (number | null)[] | undefined,
): Estimated | null {
  if (means === undefined) return null;
  const own = expectedOf(counts, means);
  if (own === undefined) return null;
  return { expectedRate: own.rate, auc: own.auc, referenceAuc: expectedOf(reference, means)?.auc ?? null };
}

function expectedOf(
  counts: ArrayLike<number>,
  means: readonly (number | null)[],
): { rate: number; auc: number | null } | undefined {
  let events = 0;
  let others = 0;
  let pairs = 0;
  for (const [bin, mean] of means.entries()) {
    const risk = mean ?? 0;
    const count = counts[bin] ?? 0;
    pairs += count * risk * (others + (count * (1 - risk)) / 2);
    events += count * risk;
    others += count * (1 - risk);
  }
  if (events + others === 0) return undefined;
  return { rate: events / (events + others), auc: events * others === 0 ? null : pairs / (events * others) };
}
