import { expect, test } from 'vitest';
import { patientHash } from '#shared/scores/patient-hash.ts';
import { DistinctSketch } from './distinct-sketch.ts';

function sketchOf(from: number, to: number): DistinctSketch {
  const sketch = new DistinctSketch();
  for (let i = from; i < to; i++) sketch.add(patientHash(Buffer.from(`P-${i}`)));
  return sketch;
}

test('few patients are counted exactly, however often they come', () => {
  const sketch = sketchOf(0, 40);
  for (let night = 0; night < 28; night++) sketch.join(sketchOf(0, 40).signed());
  expect(sketch.count()).toBe(40);
});

test.each([100, 2_000, 100_000])('%i patients are counted within two fifths', (patients) => {
  expect(sketchOf(0, patients).count() / patients).toBeGreaterThan(0.6);
  expect(sketchOf(0, patients).count() / patients).toBeLessThan(1.4);
});

test('two sketches join into that of all patients of both', () => {
  const joined = sketchOf(0, 600);
  joined.join(sketchOf(300, 900).signed());
  expect(joined.hashes).toEqual(sketchOf(0, 900).hashes);
});
