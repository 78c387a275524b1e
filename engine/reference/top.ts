import type { ReasonDirection } from '../explainer.ts';

/**
 * Copies the `k` values that count most, largest first, and where they stood. Ties keep their order; zeros
 * never count, and places left over hold index −1 and value 0.
 * @param values candidates at `base … base + count`
 */
export function selectTop(
  values: Float64Array,
  base: number,
  count: number,
  direction: ReasonDirection,
  k: number,
  indices: Int32Array,
  chosen: Float64Array,
  at: number,
): void {
  indices.fill(-1, at, at + k);
  chosen.fill(0, at, at + k);
  const sizeOf = (value: number): number =>
    direction === 'either' ? Math.abs(value) : direction === 'raising' ? value : -value;
  for (let index = 0; index < count; index++) {
    const value = values[base + index]!;
    const size = sizeOf(value);
    if (!(size > 0 && size > sizeOf(chosen[at + k - 1]!))) {
      continue;
    }
    let slot = k - 1;
    while (slot > 0 && size > sizeOf(chosen[at + slot - 1]!)) {
      chosen[at + slot] = chosen[at + slot - 1]!;
      indices[at + slot] = indices[at + slot - 1]!;
      slot -= 1;
    }
    chosen[at + slot] = value;
    indices[at + slot] = index;
  }
}
