import { HASH_BYTES, nodeHash } from '#shared/audit/merkle-tree.ts';
import { createHash } from 'node:crypto';

/** A node of the log's tree over 2^level entries that all exist; such a node never changes. */
export type LogNode = { level: number; index: number; hash: Buffer };
/** Where a node lies: the one at `level` that begins with entry `index` × 2^level. */
export type NodePlace = Pick<LogNode, 'level' | 'index'>;

/**
 * The right edge of a growing tree (RFC 6962): of each size that the tree's size has in binary, the node over that many entries.
 * Enough to append, and to give the root; 53 hashes at most.
 */
export class LogEdge {
  #size: number;
  readonly #nodes: (Buffer | undefined)[];

  /** @param nodes those of `edgeOf(size)`, in its order */
  constructor(size = 0, nodes: readonly Buffer[] = []) {
    this.#size = size;
    this.#nodes = [];
    for (const [at, { level }] of edgeOf(size).entries()) this.#nodes[level] = nodes[at];
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the hash of the next entry; returns the nodes that it completes, its own first. */
  append(leaf: Buffer): LogNode[] {
    const made: LogNode[] = [{ level: 0, index: this.#size, hash: leaf }];
    let hash = leaf;
    let index = this.#size;
    for (let level = 0; index % 2 === 1; level++) {
      hash = nodeHash(this.#nodes[level] as Buffer, hash);
      this.#nodes[level] = undefined;
      index = (index - 1) / 2;
      made.push({ level: level + 1, index, hash });
    }
    this.#nodes[made.length - 1] = hash;
    this.#size++;
    return made;
  }

  root(): Buffer {
    return foldEdge(this.#nodes.filter((node) => node !== undefined).toReversed());
  }
}

/** The largest complete nodes that a tree of `size` entries is made of, from the left. */
export function edgeOf(size: number): NodePlace[] {
  return coverOf(0, size);
}

/** The root over nodes as `edgeOf` names them. */
export function foldEdge(nodes: readonly Buffer[]): Buffer {
  if (nodes.length === 0) return createHash('sha256').digest();
  return nodes.reduceRight((right, left) => nodeHash(left, right));
}

/** The complete nodes over the entries from `start` to before `end`, from the left; `start` is a multiple of the first one's size. */
function coverOf(start: number, end: number): NodePlace[] {
  const places: NodePlace[] = [];
  let at = start;
  while (at < end) {
    let width = 1;
    let level = 0;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2;
      level++;
    }
    places.push({ level, index: at / width });
    at += width;
  }
  return places;
}

/** A hash of a proof: the root over some complete nodes. */
export type ProofPart = NodePlace[];

/** What proves that entry `index` is in the tree of `size` entries, the lowest first (RFC 6962, section 2.1.1). */
export function inclusionParts(index: number, size: number): ProofPart[] {
  return partsWithin(0, size, index);
}

function partsWithin(start: number, end: number, index: number): ProofPart[] {
  if (end - start <= 1) return [];
  const middle = start + largestPowerBelow(end - start);
  return index < middle
    ? [...partsWithin(start, middle, index), coverOf(middle, end)]
    : [...partsWithin(middle, end, index), coverOf(start, middle)];
}

/** What proves that the tree of `size` entries begins with that of `first` (RFC 6962, section 2.1.2). */
export function consistencyParts(first: number, size: number): ProofPart[] {
  if (first === 0 || first === size) return [];
  return consistencyWithin(0, size, first, true);
}

function consistencyWithin(start: number, end: number, first: number, whole: boolean): ProofPart[] {
  if (start + first === end) return whole ? [] : [coverOf(start, end)];
  const width = largestPowerBelow(end - start);
  const middle = start + width;
  return first <= width
    ? [...consistencyWithin(start, middle, first, whole), coverOf(middle, end)]
    : [...consistencyWithin(middle, end, first - width, false), coverOf(start, middle)];
}

/** The largest power of two below `count`, which is two or more. */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** Whether a proof shows that the second tree begins with the first (RFC 9162, section 2.1.4.2). */
export function isConsistent(
  first: { size: number; root: Uint8Array },
  second: { size: number; root: Uint8Array },
  proof: readonly Buffer[],
): boolean {
  const [from, to] = [Buffer.from(first.root), Buffer.from(second.root)];
  if (first.size > second.size || proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  if (first.size === second.size) return proof.length === 0 && from.equals(to);
  if (first.size === 0) return proof.length === 0;
  let [fn, sn] = [first.size - 1, second.size - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  const path = fn === 0 ? [from, ...proof] : [...proof];
  const seed = path.shift();
  if (seed === undefined) return false;
  let [fr, sr] = [seed, seed];
  for (const hash of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && fr.equals(from) && sr.equals(to);
}
