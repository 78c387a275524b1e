import { type Merge, mergeOf } from './cell-reference.ts';
import { tooLarge } from './faults.ts';
import type { WorkbookLimits } from './limits.ts';
import { attribute } from './small-part.ts';
import { XmlScanner } from './xml-scanner.ts';

const SHEET_DATA = Buffer.from('sheetData>');
const LT = 0x3c;
const SLASH = 0x2f;
/** The longest tag end that is looked for: `</prefix:sheetData>`. */
const OVERLAP_BYTES = 64;

/**
 * The merged ranges of a sheet, which lie behind its cells, by first row. This first pass over the sheet looks only for the
 * end of the cells; it also finds damage and a cell without end before any row is handed over.
 */
export async function findMerges(sheet: AsyncIterable<Buffer>, limits: WorkbookLimits): Promise<Merge[]> {
  const merges: Merge[] = [];
  const scanner = new XmlScanner(['mergeCell'], {
    open: (_, scanner) => {
      const merge = mergeOf(attribute(scanner, 'ref') ?? '');
      if (merge === undefined) return;
      if (merges.length >= limits.merges) throw tooLarge(`has more than ${limits.merges} merged ranges`);
      merges.push(merge);
    },
    close: () => undefined,
    text: () => undefined,
    paused: false,
  });
  let isBehindCells = false;
  let last = Buffer.alloc(0);
  let bytesWithoutTag = 0;
  for await (const piece of sheet) {
    if (isBehindCells) {
      scanner.feed(piece);
      scanner.run();
      continue;
    }
    bytesWithoutTag = piece.includes(LT) ? 0 : bytesWithoutTag + piece.length;
    if (bytesWithoutTag > limits.rowBytes)
      throw tooLarge(`has a cell of more than ${limits.cellCharacters.toLocaleString('en')} characters`);
    const joint = Buffer.concat([last, piece.subarray(0, OVERLAP_BYTES)]);
    const end = endOfCells(joint) >= 0 ? 0 : endOfCells(piece);
    isBehindCells = end >= 0;
    if (isBehindCells) {
      // The scanner is given a piece of markup to begin with, so that it need not know where it stands.
      scanner.feed(Buffer.concat([Buffer.from('<x/>'), piece.subarray(end)]));
      scanner.run();
    }
    last = Buffer.from(piece.subarray(-OVERLAP_BYTES));
  }
  return merges.sort((one, other) => one.top - other.top);
}

/** Behind `</sheetData>` or `</prefix:sheetData>`, or −1. */
function endOfCells(bytes: Buffer): number {
  for (let at = bytes.indexOf(SHEET_DATA); at >= 0; at = bytes.indexOf(SHEET_DATA, at + 1)) {
    const open = bytes.lastIndexOf(LT, at);
    if (open >= 0 && bytes[open + 1] === SLASH && at - open < OVERLAP_BYTES) return at + SHEET_DATA.length;
  }
  return -1;
}
