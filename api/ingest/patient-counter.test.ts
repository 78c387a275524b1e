import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PatientCounter } from './patient-counter.ts';

function add(counter: PatientCounter, ids: readonly string[]): void {
  const bytes = ids.map((id) => Buffer.from(id));
  const offsets = new Uint32Array(ids.length + 1);
  for (const [index, id] of bytes.entries()) offsets[index + 1] = (offsets[index] as number) + id.length;
  counter.addAll(Buffer.concat(bytes), offsets, ids.length);
}

test('every row whose patient occurred before is counted, within a chunk and across chunks', () => {
  const ids = fc.array(
    fc.integer({ min: 0, max: 60 }).map((number) => `p-${number}`),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(fc.array(ids, { maxLength: 5 }), (chunks) => {
      const counter = new PatientCounter();
      for (const chunk of chunks) add(counter, chunk);
      const all = chunks.flat();
      expect(counter.duplicates).toBe(all.length - new Set(all).size);
    }),
  );
});

test('two million patients of similar ids are told apart, and found again', () => {
  const counter = new PatientCounter();
  const chunk = (first: number) => Array.from({ length: 10_000 }, (_, index) => `SYN-1-${first + index}`);
  for (let first = 0; first < 2_000_000; first += 10_000) add(counter, chunk(first));
  expect(counter.duplicates).toBe(0);
  for (const first of [0, 830_000, 840_000, 1_995_000]) add(counter, chunk(first));
  expect(counter.duplicates).toBe(35_000);
});
