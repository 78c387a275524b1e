import { NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import { isLogistic, NONE, type ScoredRows } from './score-block.ts';

/** What a tuple may take of a page of 8,192 bytes: PostgreSQL's MaxHeapTupleSize is 8,160. */
const PAGE_BYTES = 8_100;
/** Tuple header, scalars, and the headers of a dozen arrays with their alignment. */
const FIXED_BYTES = 480;
const MOST_ROWS = 250;
const MOST_DUE_DAYS = 32_767;

/** Where a table within a block ends: its numbers are bytes. */
const MOST_VALUES = 256;

/**
 * Cuts a chunk into blocks: for each the row after its last. A block ends before the row that would outgrow the page, or one of its
 * tables of 255 entries; a single row that is larger than a page is a block of its own.
 */
export function planBlocks(scored: ScoredRows): number[] {
  const { rows, reasons } = scored;
  const { rowCount } = rows;
  const ids = rows.patientIds.offsets;
  const k = reasons?.k ?? 0;
  const wide = rows.features.length > 255 ? 2 : 1;
  const rowBytes = 8 + 1 + 1 + 2 + k * (wide + 4 + 1) + rows.identifiers.length;
  const gaps = !consecutive(rows.rowNumbers, rowCount);
  const facilityBytes = rows.facilities.names.map((name) => textBytes(Buffer.byteLength(name)));
  const facilitySeen = new Int32Array(facilityBytes.length).fill(-1);
  const identifierBytes = rows.identifiers.map(({ texts }) =>
    texts.map((text) => textBytes(Buffer.byteLength(text))),
  );
  const identifierSeen = rows.identifiers.map(({ texts }) => new Int32Array(texts.length).fill(-1));
  const nameBytes = rows.identifiers.reduce(
    (sum, { name }) => sum + textBytes(Buffer.byteLength(name)) + rowPadding,
    0,
  );
  const values = new Set<number>();
  const ends: number[] = [];

  let start = 0;
  while (start < rowCount) {
    const block = ends.length;
    let bytes = FIXED_BYTES + nameBytes;
    let facilities = 0;
    let texts = 0;
    let earliest = Infinity;
    let latest = -Infinity;
    let plain = true;
    values.clear();
    let row = start;
    for (; row < rowCount && row - start < MOST_ROWS; row++) {
      let more = rowBytes + textBytes((ids[row + 1] as number) - (ids[row] as number)) + (gaps ? 4 : 0);
      if (plain && !isLogistic(scored.rawScores[row] as number, scored.risks[row] as number)) {
        plain = false;
        more += 8 * (row - start);
      }
      if (!plain) more += 8;
      const facility = rows.facilities.indices[row] as number;
      if (facility !== NO_FACILITY && facilitySeen[facility] !== block) {
        facilitySeen[facility] = block;
        facilities++;
        more += facilityBytes[facility] as number;
      }
      for (const [at, { indices }] of rows.identifiers.entries()) {
        const text = indices[row] as number;
        const seen = identifierSeen[at] as Int32Array;
        if (text < 0 || seen[text] === block) continue;
        seen[text] = block;
        texts++;
        more += identifierBytes[at]?.[text] ?? 0;
      }
      const due = rows.dueDates[row] as number;
      if (due !== NO_DATE) {
        earliest = Math.min(earliest, due);
        latest = Math.max(latest, due);
      }
      for (let reason = row * k; reason < (row + 1) * k; reason++) {
        const feature = reasons?.features[reason] as number;
        const value = feature < 0 ? NaN : ((rows.features[feature] as Float64Array)[row] as number);
        if (values.has(value)) continue;
        values.add(value);
        more += 8;
      }
      bytes += more;
      const full =
        bytes > PAGE_BYTES ||
        facilities > NONE ||
        texts > NONE ||
        values.size > MOST_VALUES ||
        latest - earliest > MOST_DUE_DAYS;
      if (full && row > start) break;
    }
    ends.push(row);
    start = row;
  }
  return ends;
}

const rowPadding = 4;

/** An element of a text[]: a length, the bytes, and what aligns the next. */
function textBytes(length: number): number {
  return 4 + ((length + 3) & ~3);
}

export function consecutive(rowNumbers: Int32Array, rowCount: number): boolean {
  const first = rowNumbers[0] as number;
  for (let row = 1; row < rowCount; row++) if (rowNumbers[row] !== first + row) return false;
  return true;
}
