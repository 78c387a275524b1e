/**
 * Copies the `k` values largest in size, largest first, and where they stood. Ties keep their order.
 * @param values candidates at `base … base + count`
 */
export function selectTop(
  values: Float64Array,
  base: number,
  count: number,
  k: number,
  indices: Int32Array,
  chosen: Float64Array,
  at: number,
): void {
  let filled = 0;
  for (let index = 0; index < count; index++) {
    const value = values[base + index]!;
    const size = Math.abs(value);
    if (filled === k && !(size > Math.abs(chosen[at + k - 1]!))) {
      continue;
    }
    let slot = filled < k ? filled : k - 1;
    while (slot > 0 && size > Math.abs(chosen[at + slot - 1]!)) {
      chosen[at + slot] = chosen[at + slot - 1]!;
      indices[at + slot] = indices[at + slot - 1]!;
      slot -= 1;
    }
    chosen[at + slot] = value;
    indices[at + slot] = index;
    filled = Math.min(filled + 1, k);
  }
}
