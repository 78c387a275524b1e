import { createCipheriv } from 'node:crypto';
import { type ChunkRows, NO_FACILITY } from '#shared/chunks/payload.ts';
import { HASH_BYTES, merkleRoot, writeSha256 } from '#shared/audit/merkle-tree.ts';
import type { ScoreBlock } from './read-blocks.ts';
import { isLogistic, type ScoredRows } from './score-block.ts';

/** Of AES-128: the key of a chunk, and the salt of each of its rows. */
export const SALT_BYTES = 16;
const LEAF = 0x00;

/**
 * Leaf hashes of a chunk (RFC 6962): SHA-256 of a zero byte, the row's salt, and the row's or the input's canonical bytes. Without
 * the salt, whoever holds a receipt could try out patients against the hashes beside its row. A row's salt is its block of the
 * AES-128 key stream (counter mode) of the chunk's key.
 *
 * A row, all numbers big-endian, a text as its length in bytes (u32) and UTF-8: u32 row number, f64 raw score, u8 1 and f64 risk
 * (u8 0 where the risk is 1 ÷ (1 + e^−raw)), u8 tier, i32 due date in days since 1970 (−2³¹ for none), text patient id, u8 1
 * and text facility (u8 0 for none), u8 reasons, each u16 feature, f32 contribution, f64 value, u8 identifiers, each text name, text.
 *
 * An input: the patient id's bytes, a zero byte, the features in the model's order as little-endian doubles.
 */
export function chunkRoots(scored: ScoredRows, saltKey: Uint8Array): { rowRoot: Buffer; inputRoot: Buffer } {
  return {
    rowRoot: merkleRoot(rowLeaves(scored, saltKey)),
    inputRoot: merkleRoot(inputLeaves(scored.rows, saltKey)),
  };
}

/** What is left of erased rows, by their place in the chunk: the leaves' hashes. */
export type ErasedLeaves = ReadonlyMap<number, { row: Buffer; input: Buffer }>;

/** Leaf hashes of a chunk's rows back to back, in row order. */
export function rowLeaves(scored: ScoredRows, saltKey: Uint8Array, erased: ErasedLeaves = new Map()): Buffer {
  const kept = new Map(Array.from(erased, ([at, { row }]) => [at, row]));
  return leaves(rowEncoder(scored), scored.rows.rowCount, saltKey, kept);
}

/** Leaf hashes of a chunk's inputs back to back, in row order. */
export function inputLeaves(rows: ChunkRows, saltKey: Uint8Array, erased: ErasedLeaves = new Map()): Buffer {
  const kept = new Map(Array.from(erased, ([at, { input }]) => [at, input]));
  return leaves(inputEncoder(rows), rows.rowCount, saltKey, kept);
}

function leaves(encode: Encode, rowCount: number, saltKey: Uint8Array, kept: Map<number, Buffer>): Buffer {
  const salts = saltsOf(saltKey, rowCount);
  const hashes = Buffer.allocUnsafeSlow(rowCount * HASH_BYTES);
  for (let at = 0; at < rowCount; at++) {
    const known = kept.get(at);
    if (known !== undefined) hashes.set(known, at * HASH_BYTES);
    else
      writeSha256(
        encode(at, salts.subarray(at * SALT_BYTES, (at + 1) * SALT_BYTES)),
        hashes,
        at * HASH_BYTES,
      );
  }
  return hashes;
}

export function erasedLeavesOf(
  blocks: readonly Pick<ScoreBlock, 'rowCount' | 'patientIds' | 'erasedLeaves'>[],
): ErasedLeaves {
  const found = new Map<number, { row: Buffer; input: Buffer }>();
  let first = 0;
  for (const block of blocks) {
    let from = 0;
    for (const [at, id] of block.patientIds.entries()) {
      if (id !== undefined) continue;
      const row = block.erasedLeaves.subarray(from, from + HASH_BYTES);
      const input = block.erasedLeaves.subarray(from + HASH_BYTES, from + 2 * HASH_BYTES);
      if (input.length === HASH_BYTES) found.set(first + at, { row, input });
      from += 2 * HASH_BYTES;
    }
    first += block.rowCount;
  }
  return found;
}

export function saltsOf(saltKey: Uint8Array, rowCount: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', saltKey, Buffer.alloc(SALT_BYTES));
  return cipher.update(Buffer.alloc(rowCount * SALT_BYTES));
}

type Encode = (at: number, salt: Uint8Array) => Uint8Array;

/** Fills one buffer again for every row; it grows with the longest. */
export function rowEncoder(scored: ScoredRows): Encode {
  const { rows, rawScores, risks, tiers, reasons } = scored;
  const { offsets, bytes: idBytes } = rows.patientIds;
  const facilities = rows.facilities.names.map((name) => Buffer.from(name));
  const identifiers = rows.identifiers.map(({ name, texts, indices }) => ({
    name: Buffer.from(name),
    texts: texts.map((text) => Buffer.from(text)),
    indices,
  }));
  const k = reasons?.k ?? 0;
  let longest = 0;
  for (let row = 0; row < rows.rowCount; row++)
    longest = Math.max(longest, (offsets[row + 1] as number) - (offsets[row] as number));
  const longestOf = (list: readonly Buffer[]) => list.reduce((most, text) => Math.max(most, text.length), 0);
  const size = identifiers.reduce(
    (sum, { name, texts }) => sum + 8 + name.length + longestOf(texts),
    64 + SALT_BYTES + longest + longestOf(facilities) + 14 * k,
  );
  const out = Buffer.alloc(size);
  const view = new DataView(out.buffer, out.byteOffset, size);
  const text = (at: number, bytes: Uint8Array) => {
    view.setUint32(at, bytes.length);
    out.set(bytes, at + 4);
    return at + 4 + bytes.length;
  };
  out[0] = LEAF;
  return (row, salt) => {
    out.set(salt, 1);
    let at = 1 + SALT_BYTES;
    view.setUint32(at, rows.rowNumbers[row] as number);
    const rawScore = rawScores[row] as number;
    // −0 is 0 wherever a number is hashed: JSON cannot tell them apart.
    view.setFloat64(at + 4, rawScore + 0);
    const risk = risks[row] as number;
    if (isLogistic(rawScore, risk)) {
      out[at + 12] = 0;
      at += 13;
    } else {
      out[at + 12] = 1;
      view.setFloat64(at + 13, risk);
      at += 21;
    }
    out[at] = tiers[row] as number;
    view.setInt32(at + 1, rows.dueDates[row] as number);
    at += 5;
    const idEnd = offsets[row + 1] as number;
    view.setUint32(at, idEnd - (offsets[row] as number));
    at += 4;
    for (let byte = offsets[row] as number; byte < idEnd; byte++) out[at++] = idBytes[byte] as number;
    const facility = rows.facilities.indices[row] as number;
    out[at++] = facility === NO_FACILITY ? 0 : 1;
    if (facility !== NO_FACILITY) at = text(at, facilities[facility] as Buffer);
    const countAt = at++;
    let count = 0;
    for (let reason = row * k; reason < (row + 1) * k; reason++) {
      const feature = reasons?.features[reason] as number;
      if (feature < 0) break;
      view.setUint16(at, feature);
      view.setFloat32(at + 2, (reasons?.contributions[reason] as number) + 0);
      const value = reasons?.values?.[reason] ?? rows.features[feature]?.[row] ?? NaN;
      // Every NaN is the quiet one.
      view.setFloat64(at + 6, value === value ? value + 0 : NaN);
      at += 14;
      count++;
    }
    out[countAt] = count;
    const namedAt = at++;
    let named = 0;
    for (const { name, texts, indices } of identifiers) {
      const own = texts[indices[row] as number];
      if (own === undefined) continue;
      at = text(text(at, name), own);
      named++;
    }
    out[namedAt] = named;
    return out.subarray(0, at);
  };
}

function inputEncoder(rows: ChunkRows): Encode {
  const { offsets, bytes: idBytes } = rows.patientIds;
  const features = rows.features;
  let longest = 0;
  for (let row = 0; row < rows.rowCount; row++)
    longest = Math.max(longest, (offsets[row + 1] as number) - (offsets[row] as number));
  const out = Buffer.alloc(1 + SALT_BYTES + longest + 1 + features.length * 8);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  // The features always lie at the same place, so that they are aligned the same.
  const featuresAt = 1 + SALT_BYTES + longest + 1;
  return (row, salt) => {
    const idStart = offsets[row] as number;
    const idLength = (offsets[row + 1] as number) - idStart;
    const start = longest - idLength;
    out[start] = LEAF;
    out.set(salt, start + 1);
    let at = start + 1 + SALT_BYTES;
    for (let byte = 0; byte < idLength; byte++) out[at++] = idBytes[idStart + byte] as number;
    out[at] = 0;
    for (let feature = 0; feature < features.length; feature++) {
      const value = (features[feature] as Float64Array)[row] as number;
      view.setFloat64(featuresAt + feature * 8, value === value ? value : NaN, true);
    }
    return out.subarray(start);
  };
}
