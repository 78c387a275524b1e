/** Predicted risks with what became of the patients; arrays of one length. */
export type Observed = { risks: readonly number[]; interrupted: readonly boolean[] };

export type CalibrationBin = { n: number; mean_predicted: number; observed: number };

/**
 * Area under the ROC curve as the Mann–Whitney statistic, ties counted half. Null where one class is empty.
 * O(n log n).
 */
export function observedAuc({ risks, interrupted }: Observed): number | null {
  const order = risks.map((_, i) => i).sort((a, b) => risks[a]! - risks[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && risks[order[end]!] === risks[order[start]!]) end++;
    const meanRank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) {
      if (interrupted[order[i]!] === true) {
        positives++;
        rankSum += meanRank;
      }
    }
    start = end;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return null;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Equal-count bins in ascending order of predicted risk. */
export function calibrationBins({ risks, interrupted }: Observed, bins = 10): CalibrationBin[] {
  const order = risks.map((_, i) => i).sort((a, b) => risks[a]! - risks[b]!);
  const out: CalibrationBin[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const rows = order.slice(
      Math.floor((bin * order.length) / bins),
      Math.floor(((bin + 1) * order.length) / bins),
    );
    if (rows.length === 0) continue;
    const predicted = rows.reduce((sum, row) => sum + risks[row]!, 0);
    const positives = rows.filter((row) => interrupted[row]).length;
    out.push({ n: rows.length, mean_predicted: predicted / rows.length, observed: positives / rows.length });
  }
  return out;
}

/** Mean squared distance of risk and outcome; null without rows. */
export function brierScore({ risks, interrupted }: Observed): number | null {
  if (risks.length === 0) return null;
  return risks.reduce((sum, risk, i) => sum + (risk - Number(interrupted[i])) ** 2, 0) / risks.length;
}
