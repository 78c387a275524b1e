import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRow, encodeRow, MOST_ROW_BYTES } from './row-codec.ts';
import { ROW_NUMBERS, type LineListRow } from './row.ts';
import { RowStore } from './row-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'iit-row-store-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const row = (rowNo: number, patientId: string, more: Partial<LineListRow> = {}): LineListRow => ({
  ...(Object.fromEntries(ROW_NUMBERS.map((name) => [name, rowNo])) as Record<
    (typeof ROW_NUMBERS)[number],
    number
  >),
  line: rowNo + 1,
  rowNo,
  sheet: undefined,
  patientId,
  facilityId: 'F',
  facilityKey: 'F',
  identifiers: {},
  fault: undefined,
  ...more,
});

async function grouped(store: RowStore): Promise<Map<string, number[]>> {
  const groups = new Map<string, number[]>();
  for await (const rows of store.patients(() => {})) {
    expect(groups.has(rows[0]!.patientId)).toBe(false);
    groups.set(
      rows[0]!.patientId,
      rows.map(({ rowNo }) => rowNo),
    );
  }
  return groups;
}

describe('the store of rows', () => {
  it('gives a row back as it was', () => {
    const out = Buffer.alloc(MOST_ROW_BYTES);
    fc.assert(
      fc.property(
        fc.record({
          sheet: fc.option(fc.string({ minLength: 1, maxLength: 31, unit: 'grapheme' }), { nil: undefined }),
          patientId: fc.string({ maxLength: 64, unit: 'grapheme' }),
          facilityKey: fc.string({ maxLength: 200 }),
          viralLoad: fc.double(),
          identifiers: fc.record(
            { lga: fc.string({ minLength: 1, maxLength: 64 }), sex: fc.constant('F') },
            { requiredKeys: [] },
          ),
          fault: fc.option(fc.constant({ field: 'Sex', code: 'bad_value' as const, message: 'is “odd”' }), {
            nil: undefined,
          }),
        }),
        (more) => {
          const written = row(7, 'x', { ...more, identifiers: { ...more.identifiers } });
          const end = encodeRow(written, out, 3);
          expect(decodeRow(out, 3)).toEqual({ row: written, end });
        },
      ),
    );
  });

  it('gives each patient’s rows once and in order, in memory and on disk, and leaves no file', async () => {
    const ids = Array.from({ length: 3_000 }, (_, i) => `SYN-${(i * 7) % 700}`);
    const expected = new Map<string, number[]>();
    for (const [at, id] of ids.entries()) expected.set(id, [...(expected.get(id) ?? []), at + 1]);
    for (const rowsInMemory of [10_000, 100]) {
      const store = new RowStore({ folder, rowsInMemory });
      for (const [at, id] of ids.entries()) {
        store.add(row(at + 1, id));
        await store.drain();
      }
      expect(await readdir(folder)).toEqual([]);
      expect(await grouped(store)).toEqual(expected);
      await store.close();
      await store.close();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps no more than 1,000 rows of one patient, and tells of the others', async () => {
    const store = new RowStore({ folder, rowsInMemory: 10 });
    for (let i = 1; i <= 1_200; i++) store.add(row(i, 'one'));
    let surplus = 0;
    let kept = 0;
    for await (const rows of store.patients(() => surplus++)) kept += rows.length;
    await store.close();
    expect([kept, surplus]).toEqual([1_000, 200]);
  });
});
