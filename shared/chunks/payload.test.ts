import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ChunkRows,
  decodeChunk,
  decodeChunkSync,
  encodeChunk,
  NO_DATE,
  NO_FACILITY,
} from './payload.ts';

const cell = fc.oneof(
  fc.integer({ min: -300, max: 300 }).map(Number),
  fc.integer(),
  fc.double(),
  fc.constantFrom(NaN, -0, 0, 254, 255, 256, -32768, -32767, 32767, 32768, -2147483648, 2147483647, Infinity),
);

const chunk: fc.Arbitrary<ChunkRows> = fc.integer({ min: 1, max: 40 }).chain((rowCount) =>
  fc
    .record({
      ids: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), {
        minLength: rowCount,
        maxLength: rowCount,
      }),
      facilities: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
      texts: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
      columns: fc.array(fc.array(cell, { minLength: rowCount, maxLength: rowCount }), { maxLength: 5 }),
    })
    .map(({ ids, facilities, texts, columns }) => {
      const encoded = ids.map((id) => Buffer.from(id));
      const offsets = new Uint32Array(rowCount + 1);
      for (const [index, id] of encoded.entries()) offsets[index + 1] = (offsets[index] ?? 0) + id.length;
      return {
        rowCount,
        rowNumbers: Int32Array.from(ids, (_, index) => index * 3 + 1),
        patientIds: { offsets, bytes: new Uint8Array(Buffer.concat(encoded)) },
        facilities: {
          names: facilities,
          indices: Int32Array.from(ids, (_, index) =>
            index % 3 === 0 ? NO_FACILITY : index % facilities.length,
          ),
        },
        dueDates: Int32Array.from(ids, (_, index) => (index % 2 === 0 ? NO_DATE : index * 100)),
        identifiers: (['state', 'hospital_number'] as const).map((name, shift) => ({
          name,
          texts,
          indices: Int32Array.from(ids, (_, index) => ((index + shift) % (texts.length + 1)) - 1),
        })),
        features: columns.map((column) => Float64Array.from(column)),
      };
    }),
);

test('any chunk comes back bit for bit, NaN, -0 and the edges of each integer type included', async () => {
  await fc.assert(
    fc.asyncProperty(chunk, async (rows) => {
      const { payload, sha256 } = await encodeChunk(rows);
      expect(plain(await decodeChunk(payload, sha256))).toStrictEqual(plain(rows));
      expect(plain(decodeChunkSync(payload, sha256))).toStrictEqual(plain(rows));
    }),
    { numRuns: 200 },
  );
});

test('a payload that was altered after it was stored is refused as corrupt', async () => {
  const [rows] = fc.sample(chunk, { numRuns: 1, seed: 1 });
  const { payload, sha256 } = await encodeChunk(rows as ChunkRows);
  payload[payload.length - 1] = (payload[payload.length - 1] ?? 0) ^ 1;
  await expect(decodeChunk(payload, sha256)).rejects.toMatchObject({ code: 'payload_corrupt' });
});

/** Arrays instead of views, so that equality looks at values and not at buffers. */
function plain(rows: ChunkRows): unknown {
  return {
    rowCount: rows.rowCount,
    rowNumbers: Array.from(rows.rowNumbers),
    offsets: Array.from(rows.patientIds.offsets),
    bytes: Buffer.from(rows.patientIds.bytes).toString('hex'),
    names: rows.facilities.names,
    indices: Array.from(rows.facilities.indices),
    dueDates: Array.from(rows.dueDates),
    identifiers: rows.identifiers.map((column) => ({ ...column, indices: Array.from(column.indices) })),
    features: rows.features.map((column) => Array.from(column)),
  };
}
