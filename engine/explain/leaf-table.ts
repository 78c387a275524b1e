import { gaussLegendre } from './gauss-legendre.ts';

/** Buffers that leaf after leaf is worked out in: fresh ones cost more than the arithmetic. */
export class LeafScratch {
  #doubles = new Float64Array(0);

  /** `count` doubles, whatever they hold; good until the next call. */
  doubles(count: number): Float64Array {
    if (this.#doubles.length < count) this.#doubles = new Float64Array(count * 2);
    return this.#doubles.subarray(0, count);
  }
}

/**
 * What one leaf adds to its path's features under every pattern of met conditions.
 *
 * A leaf of value v whose path holds d features, feature i met (o = 1) or not (o = 0) and of cover ratio z, adds to
 * feature i: v (o_i − z_i) ∫₀¹ ∏_{j≠i} (t·o_j + (1 − t)·z_j) dt. The integrand has degree d − 1, so ⌈d/2⌉
 * Gauss–Legendre nodes give the integral exactly.
 *
 * Answers d × 2^d numbers, feature-major, in the scratch; bit j of a pattern says that feature j is met.
 */
export function leafPatterns(value: number, ratios: ArrayLike<number>, scratch: LeafScratch): Float64Array {
  const features = ratios.length;
  const patterns = 1 << features;
  const buffer = scratch.doubles((features + 1) * patterns);
  const result = buffer.subarray(0, features * patterns).fill(0);
  const products = buffer.subarray(features * patterns);
  const { nodes, weights } = gaussLegendre((features + 1) >> 1);
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
      addMet(result, i * patterns, products, 1 << i, 1 / (t + s * ratios[i]!));
    }
  }
  for (let i = 0; i < features; i++) {
    spread(result, i * patterns, patterns, 1 << i, ratios[i]!);
  }
  return result;
}

/** Adds `share` of the products of the patterns that hold `bit`. */
function addMet(
  result: Float64Array,
  start: number,
  products: Float64Array,
  bit: number,
  share: number,
): void {
  for (let block = bit; block < products.length; block += 2 * bit) {
    for (let p = block; p < block + bit; p++) result[start + p] = result[start + p]! + products[p]! * share;
  }
}

/** From the others' integral at the patterns that hold `bit`: times 1 − z there, times −z at those that do not. */
function spread(result: Float64Array, start: number, patterns: number, bit: number, z: number): void {
  for (let block = bit; block < patterns; block += 2 * bit) {
    for (let at = start + block; at < start + block + bit; at++) {
      const others = result[at]!;
      result[at] = others * (1 - z);
      result[at - bit] = -others * z;
    }
  }
}
