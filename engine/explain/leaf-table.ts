import { gaussLegendre } from './gauss-legendre.ts';

/**
 * What one leaf adds to its path's features under every pattern of met conditions.
 *
 * A leaf of value v whose path holds d features, feature i met (o = 1) or not (o = 0) and of cover ratio z, adds to
 * feature i: v (o_i − z_i) ∫₀¹ ∏_{j≠i} (t·o_j + (1 − t)·z_j) dt. The integrand has degree d − 1, so ⌈d/2⌉
 * Gauss–Legendre nodes give the integral exactly.
 *
 * Answers d × 2^d numbers, feature-major; bit j of a pattern says that feature j is met.
 */
export function leafPatterns(value: number, ratios: ArrayLike<number>): Float64Array {
  const features = ratios.length;
  const patterns = 1 << features;
  const result = new Float64Array(features * patterns);
  const { nodes, weights } = gaussLegendre((features + 1) >> 1);
  const products = new Float64Array(patterns);
  for (let q = 0; q < nodes.length; q++) {
    const t = nodes[q]!;
    const s = 1 - t;
    products[0] = weights[q]! * value;
    for (let j = 0, size = 1; j < features; j++, size <<= 1) {
      const unmet = s * ratios[j]!;
      const met = t + unmet;
      for (let p = 0; p < size; p++) {
        const product = products[p]!;
        products[p + size] = product * met;
        products[p] = product * unmet;
      }
    }
    for (let i = 0; i < features; i++) {
      const bit = 1 << i;
      const share = 1 / (t + s * ratios[i]!);
      const start = i * patterns;
      for (let p = bit; p < patterns; p = (p + 1) | bit) {
        const at = start + p;
        result[at] = result[at]! + products[p]! * share;
      }
    }
  }
  for (let i = 0; i < features; i++) {
    const bit = 1 << i;
    const z = ratios[i]!;
    const start = i * patterns;
    for (let p = bit; p < patterns; p = (p + 1) | bit) {
      const others = result[start + p]!;
      result[start + p] = others * (1 - z);
      result[start + p - bit] = -others * z;
    }
  }
  return result;
}
