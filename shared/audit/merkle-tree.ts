import { hash } from 'node:crypto';

/** Of SHA-256. */
export const HASH_BYTES = 32;
/** RFC 6962, section 2.1: leaves and nodes are told apart by their first byte. */
const LEAF = 0x00;
const NODE = 0x01;

/** SHA-256 into `out` at `at`; a string of 32 characters costs a third of what a Buffer a hash costs (0.36 µs against 1.1 µs). */
export function writeSha256(data: Uint8Array, out: Buffer, at: number): void {
  out.write(hash('sha256', data, 'binary'), at, 'latin1');
}

export function leafHash(data: Uint8Array): Buffer {
  const out = Buffer.alloc(HASH_BYTES);
  writeSha256(Buffer.concat([Buffer.of(LEAF), data]), out, 0);
  return out;
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const out = Buffer.alloc(HASH_BYTES);
  writeSha256(Buffer.concat([Buffer.of(NODE), left, right]), out, 0);
  return out;
}

/** The tree's hash over leaf hashes that lie back to back (RFC 6962, section 2.1); that of nothing is SHA-256 of nothing. */
export function merkleRoot(leaves: Uint8Array): Buffer {
  if (leaves.length === 0) return Buffer.from(hash('sha256', '', 'hex'), 'hex');
  const level = Buffer.from(leaves);
  for (let count = level.length / HASH_BYTES; count > 1; count = (count + 1) >>> 1) hashLevel(level, count);
  return Buffer.from(level.subarray(0, HASH_BYTES));
}

/**
 * The hashes of the nodes beside the way from a leaf up to the root, the lowest first (RFC 6962, section 2.1.1).
 * @param index of the leaf, from 0
 */
export function inclusionPath(leaves: Uint8Array, index: number): Buffer[] {
  const path: Buffer[] = [];
  const level = Buffer.from(leaves);
  let place = index;
  for (let count = level.length / HASH_BYTES; count > 1; count = (count + 1) >>> 1) {
    const beside = place ^ 1;
    if (beside < count)
      path.push(Buffer.from(level.subarray(beside * HASH_BYTES, (beside + 1) * HASH_BYTES)));
    hashLevel(level, count);
    place >>>= 1;
  }
  return path;
}

/** The root that a leaf and its path give; undefined where the path has another length than the tree asks for. */
export function rootOfPath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Buffer | undefined {
  let result: Buffer = Buffer.from(leaf);
  let place = index;
  let at = 0;
  for (let count = size; count > 1; count = Math.ceil(count / 2)) {
    if ((place ^ 1) < count) {
      const beside = path[at++];
      if (beside === undefined) return undefined;
      result = place % 2 === 1 ? nodeHash(beside, result) : nodeHash(result, beside);
    }
    place = Math.floor(place / 2);
  }
  return at === path.length ? result : undefined;
}

/** Hashes the level's pairs into its first half; one that has no neighbour moves up as it is. */
function hashLevel(level: Buffer, count: number): void {
  const pair = PAIR;
  pair[0] = NODE;
  let out = 0;
  for (let at = 0; at < count; at += 2) {
    const from = at * HASH_BYTES;
    if (at + 1 < count) {
      pair.set(level.subarray(from, from + 2 * HASH_BYTES), 1);
      writeSha256(pair, level, out);
    } else {
      level.copyWithin(out, from, from + HASH_BYTES);
    }
    out += HASH_BYTES;
  }
}

const PAIR = Buffer.alloc(1 + 2 * HASH_BYTES);
