/** Radix sort by three digits (Knuth, The Art of Computer Programming 3, 5.2.5): stable, linear, and no call a comparison. */
const DIGIT_BITS = 11;
const DIGITS = 3;
const BUCKETS = 1 << DIGIT_BITS;

/** Places in ascending order of their keys; equal ones stay in their order. */
export function orderOf(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from(keys, (_, at) => at);
  let other = new Uint32Array(keys.length);
  for (let digit = 0; digit < DIGITS; digit++) {
    const shift = digit * DIGIT_BITS;
    const starts = new Uint32Array(BUCKETS + 1);
    for (let at = 0; at < keys.length; at++) starts[((keys[at]! >>> shift) & (BUCKETS - 1)) + 1]!++;
    for (let bucket = 0; bucket < BUCKETS; bucket++) starts[bucket + 1]! += starts[bucket]!;
    for (let at = 0; at < order.length; at++) {
      const place = order[at]!;
      other[starts[(keys[place]! >>> shift) & (BUCKETS - 1)]!++] = place;
    }
    [order, other] = [other, order];
  }
  return order;
}

/** Places by falling value, then as they were. */
export function fallingOrderOf(values: Float64Array): Uint32Array {
  const keys = new Uint32Array(values.length);
  const number = new Float64Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let at = 0; at < values.length; at++) {
    // −0 is 0.
    number[0] = values[at]! + 0;
    const high = bits[1]!;
    // The upper half of a double orders as an integer does, once the sign is turned; falling: all turned again.
    keys[at] = high >>> 31 === 1 ? high : ~(high | 0x80000000);
  }
  const order = orderOf(keys);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && keys[order[end]!] === keys[order[start]!]) end++;
    if (end - start > 1)
      order
        .subarray(start, end)
        .sort((a, b) => (values[b]! > values[a]! ? 1 : values[b]! < values[a]! ? -1 : a - b));
    start = end;
  }
  return order;
}
