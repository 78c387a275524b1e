/**
 * Spearman's rank correlation of two arrays of one length, ties at their mean rank. Null where either side is constant
 * or there are fewer than two values. O(n log n).
 */
export function rankCorrelation(a: Float64Array, b: Float64Array): number | null {
  if (a.length < 2) return null;
  const ranksA = meanRanks(a);
  const ranksB = meanRanks(b);
  const middle = (a.length + 1) / 2;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    const offA = ranksA[i]! - middle;
    const offB = ranksB[i]! - middle;
    product += offA * offB;
    squaresA += offA * offA;
    squaresB += offB * offB;
  }
  return squaresA === 0 || squaresB === 0 ? null : product / Math.sqrt(squaresA * squaresB);
}

function meanRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((x, y) => values[x]! - values[y]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) ranks[order[i]!] = rank;
    start = end;
  }
  return ranks;
}
