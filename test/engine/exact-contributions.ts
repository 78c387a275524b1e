import type { Model } from '#engine/model/model.ts';
import type { Tree } from '#engine/model/tree.ts';
import { goesLeft } from '#engine/reference/leaf.ts';

/** A fraction of integers, the denominator above zero. */
type Fraction = readonly [numerator: bigint, denominator: bigint];

/** A path's feature: whether the row meets its conditions, and which share of the training rows does. */
type Factor = { readonly feature: number; met: boolean; numerator: bigint; denominator: bigint };

/**
 * Contributions of one row in exact arithmetic: every leaf's integral as a polynomial over integers, summed as
 * fractions. For one output.
 * @returns featureCount + 1 doubles, each rounded once; `wanted` features only where it is given, others 0
 */
export function exactContributions(
  model: Model,
  row: Float64Array,
  wanted?: readonly number[],
): Float64Array {
  const sums: Fraction[] = Array.from({ length: model.featureCount + 1 }, () => [0n, 1n]);
  for (const tree of model.trees) {
    for (const { leaf, path } of leavesOf(tree, row)) {
      const value = fractionOf(tree.leafValue[leaf]!);
      const share = path.reduce<Fraction>(
        ([above, below], { numerator, denominator }) => [above * numerator, below * denominator],
        value,
      );
      sums[model.featureCount] = add(sums[model.featureCount]!, share);
      for (const own of path) {
        if (wanted !== undefined && !wanted.includes(own.feature)) continue;
        const [above, below] = integral(path.filter((factor) => factor !== own));
        const met = own.met ? own.denominator - own.numerator : -own.numerator;
        sums[own.feature] = add(sums[own.feature]!, [
          value[0] * above * met,
          value[1] * below * own.denominator,
        ]);
      }
    }
  }
  return Float64Array.from(sums, toDouble);
}

function* leavesOf(tree: Tree, row: Float64Array): Generator<{ leaf: number; path: readonly Factor[] }> {
  const waiting: { child: number; path: readonly Factor[] }[] = [
    { child: tree.leafCount === 1 ? -1 : 0, path: [] },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { child, path } = next;
    if (child < 0) {
      yield { leaf: ~child, path };
      continue;
    }
    const feature = tree.splitFeature[child]!;
    const left = goesLeft(tree, child, row[feature]!);
    for (const [to, meets] of [
      [tree.leftChild[child]!, left],
      [tree.rightChild[child]!, !left],
    ] as const) {
      const cover = to >= 0 ? tree.nodeCover[to]! : tree.leafCover[~to]!;
      const before = path.find((factor) => factor.feature === feature);
      const after = {
        feature,
        met: meets && (before?.met ?? true),
        numerator: BigInt(cover) * (before?.numerator ?? 1n),
        denominator: BigInt(Math.max(1, tree.nodeCover[child]!)) * (before?.denominator ?? 1n),
      };
      waiting.push({ child: to, path: [...path.filter((factor) => factor !== before), after] });
    }
  }
}

/** ∫₀¹ ∏ (t·o + (1 − t)·z) dt. */
function integral(factors: readonly Factor[]): Fraction {
  let polynomial = [1n];
  let below = 1n;
  for (const { met, numerator, denominator } of factors) {
    // z + (o − z)·t, times its denominator.
    const slope = (met ? denominator : 0n) - numerator;
    const next = Array.from({ length: polynomial.length + 1 }, () => 0n);
    polynomial.forEach((coefficient, power) => {
      next[power] = next[power]! + coefficient * numerator;
      next[power + 1] = next[power + 1]! + coefficient * slope;
    });
    polynomial = next;
    below *= denominator;
  }
  const [above, divisor] = polynomial.reduce<Fraction>(
    (sum, coefficient, power) => add(sum, [coefficient, BigInt(power + 1)]),
    [0n, 1n],
  );
  return [above, divisor * below];
}

function add([a, b]: Fraction, [c, d]: Fraction): Fraction {
  if (b === d) return [a + c, b];
  return reduced(a * d + c * b, b * d);
}

function reduced(numerator: bigint, denominator: bigint): Fraction {
  let a = numerator < 0n ? -numerator : numerator;
  let b = denominator;
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? [0n, 1n] : [numerator / a, denominator / a];
}

/** A finite double as a fraction. */
function fractionOf(value: number): Fraction {
  if (value === 0) return [0n, 1n];
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  // Scaled to a whole number of at most 2^53 in two steps, neither of which overflows.
  const shift = 52 - exponent;
  const half = Math.trunc(shift / 2);
  const whole = BigInt(value * 2 ** half * 2 ** (shift - half));
  return shift >= 0 ? [whole, 1n << BigInt(shift)] : [whole << BigInt(-shift), 1n];
}

function toDouble([numerator, denominator]: Fraction): number {
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  if (size === 0n) return 0;
  const shift = 120 - (size.toString(2).length - denominator.toString(2).length);
  const quotient =
    shift >= 0 ? (size << BigInt(shift)) / denominator : size / (denominator << BigInt(-shift));
  const half = Math.trunc(shift / 2);
  const value = Number(quotient) * 2 ** -half * 2 ** -(shift - half);
  return negative ? -value : value;
}
