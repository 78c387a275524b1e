import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type ChunkRows, NO_FACILITY } from '#shared/chunks/payload.ts';
import { patientHash } from '#shared/scores/patient-hash.ts';
import { type Binning, countByGroup } from './binning.ts';
import { DistinctSketch } from './distinct-sketch.ts';

/** Of a chunk's rows, or a job's: how many, which patients, and the counts by the binning's bins. */
export type Counted = { rows: number; sketch: DistinctSketch; counts: Float64Array };

/** Counts of the rows without a facility stand under this name, which no facility has. */
export const NO_FACILITY_NAME = '';
/** More facilities than these in one chunk are not told apart: programmes have some two thousand in all. */
const MOST_FACILITIES = 2_500;
const MOST_BYTES = 64 * 1024 ** 2;

/** Counts the rows of a chunk by facility. */
export function countChunk(binning: Binning, rows: ChunkRows, risks: Float64Array): Map<string, Counted> {
  const { names, indices } = rows.facilities;
  const told = Math.min(names.length, MOST_FACILITIES);
  const groups = indices.map((index) => (index === NO_FACILITY || index >= told ? told : index));
  const counts = countByGroup(binning, rows.features, risks, groups, told + 1);
  const counted = Array.from({ length: told + 1 }, (_, group): Counted => ({
    rows: 0,
    sketch: new DistinctSketch(),
    counts: Float64Array.from(counts.subarray(group * binning.size, (group + 1) * binning.size)),
  }));
  const { offsets, bytes } = rows.patientIds;
  for (const [row, group] of groups.entries()) {
    const one = counted[group]!;
    one.rows++;
    one.sketch.add(patientHash(bytes, offsets[row], offsets[row + 1]));
  }
  const named = counted.map(
    (one, group) => [group === told ? NO_FACILITY_NAME : names[group]!, one] as const,
  );
  return new Map(named.filter(([, { rows: count }]) => count > 0));
}

/** Adds what `from` counted to `to`. */
export function addCounted(to: Map<string, Counted>, from: ReadonlyMap<string, Counted>): void {
  for (const [facility, { rows, sketch, counts }] of from) {
    const known = to.get(facility);
    if (known === undefined) {
      to.set(facility, { rows, sketch, counts });
      continue;
    }
    known.rows += rows;
    known.sketch.join(sketch.hashes);
    for (let i = 0; i < counts.length; i++) known.counts[i]! += counts[i]!;
  }
}

/** All facilities together. */
export function sumCounted(facilities: ReadonlyMap<string, Counted>, size: number): Counted {
  const sum: Counted = { rows: 0, sketch: new DistinctSketch(), counts: new Float64Array(size) };
  for (const { rows, sketch, counts } of facilities.values()) {
    sum.rows += rows;
    sum.sketch.join(sketch.hashes);
    for (let i = 0; i < size; i++) sum.counts[i]! += counts[i]!;
  }
  return sum;
}

/**
 * Sum of the squared shares of the facilities: 1 where all rows are of one, 1/k among k equals. Rows without a facility may
 * all be of one.
 */
export function concentrationOf(facilities: ReadonlyMap<string, Counted>): number {
  let total = 0;
  let squares = 0;
  for (const { rows } of facilities.values()) {
    total += rows;
    squares += rows ** 2;
  }
  return total === 0 ? 1 : squares / total ** 2;
}

type Written = [facility: string, rows: number, hashes: readonly number[], counts: number[]][];

/** As `chunk_histograms.facilities` keeps it: JSON, compressed. */
export function countedToBytes(facilities: ReadonlyMap<string, Counted>): Buffer {
  const written: Written = [...facilities].map(([name, { rows, sketch, counts }]) => [
    name,
    rows,
    sketch.hashes,
    [...counts],
  ]);
  return zstdCompressSync(JSON.stringify(written), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** Facilities whose counts are not of the binning's layout are left out. */
export function countedFromBytes(bytes: Uint8Array, size: number): Map<string, Counted> {
  const text = zstdDecompressSync(bytes, { maxOutputLength: MOST_BYTES }).toString();
  const counted = (JSON.parse(text) as Written)
    .filter(([, , , counts]) => counts.length === size)
    .map(([name, rows, hashes, counts]): [string, Counted] => {
      const sketch = new DistinctSketch();
      sketch.join(hashes);
      return [name, { rows, sketch, counts: Float64Array.from(counts) }];
    });
  return new Map(counted);
}
