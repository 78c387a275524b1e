import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inclusionPath, merkleRoot, rootOfPath } from '#shared/audit/merkle-tree.ts';
import { consistencyParts, edgeOf, foldEdge, inclusionParts, isConsistent, LogEdge } from './log-tree.ts';

const leafOf = (no: number) => createHash('sha256').update(String(no)).digest();
const leaves = Array.from({ length: 300 }, (_, no) => leafOf(no));
const rootOf = (size: number) => merkleRoot(Buffer.concat(leaves.slice(0, size)));

const nodes = new Map<string, Buffer>();
const grown = new LogEdge();
for (const leaf of leaves) {
  for (const { level, index, hash } of grown.append(leaf)) nodes.set(`${level}/${index}`, hash);
}
const nodesAt = (places: readonly { level: number; index: number }[]) =>
  places.map(({ level, index }) => nodes.get(`${level}/${index}`)!);
const proofOf = (parts: ReturnType<typeof consistencyParts>) => parts.map((part) => foldEdge(nodesAt(part)));

const sizes = fc.integer({ min: 1, max: leaves.length });

test('a log that grows has the root of the tree over its leaves, at every size', () => {
  for (let size = 0; size <= leaves.length; size++) {
    expect(foldEdge(nodesAt(edgeOf(size))).equals(rootOf(size))).toBe(true);
  }
  expect(grown.root()).toEqual(rootOf(leaves.length));
});

test('a log goes on from its edge alone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: leaves.length }), (size) => {
      const edge = new LogEdge(size, nodesAt(edgeOf(size)));
      for (const leaf of leaves.slice(size)) edge.append(leaf);
      expect(edge.root().equals(rootOf(leaves.length))).toBe(true);
    }),
  );
});

test('an inclusion proof is the path of the tree, and leads to its root', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), (size, any) => {
      const index = any % size;
      const proof = proofOf(inclusionParts(index, size));
      expect(proof).toEqual(inclusionPath(Buffer.concat(leaves.slice(0, size)), index));
      expect(rootOfPath(leaves[index]!, index, size, proof)).toEqual(rootOf(size));
    }),
  );
});

test('two sizes of one log are consistent, and no other root, size or proof is', () => {
  fc.assert(
    fc.property(sizes, sizes, fc.nat(), (one, other, any) => {
      const [first, size] = [Math.min(one, other), Math.max(one, other)];
      const proof = proofOf(consistencyParts(first, size));
      const [from, to] = [
        { size: first, root: rootOf(first) },
        { size, root: rootOf(size) },
      ];
      expect(isConsistent(from, to, proof)).toBe(true);
      expect(isConsistent({ ...from, root: leafOf(-1) }, to, proof)).toBe(false);
      expect(isConsistent(from, { ...to, root: leafOf(-1) }, proof)).toBe(false);
      expect(isConsistent(from, to, [...proof, leafOf(-1)])).toBe(false);
      fc.pre(proof.length > 0);
      expect(isConsistent(from, to, proof.with(any % proof.length, leafOf(-1)))).toBe(false);
      expect(isConsistent(from, to, proof.slice(1))).toBe(false);
    }),
  );
});
