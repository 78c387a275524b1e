import { type IdentifierColumn, NO_FACILITY, NO_TEXT } from '#shared/chunks/payload.ts';
import { IDENTIFIER_NAMES } from '#patients/record/identifiers.ts';
import type { ScoreBlock } from './read-blocks.ts';
import { NONE, type ScoredRows } from './score-block.ts';

/** The rows of several blocks as they were before they were cut into blocks; features are not among them. */
export function scoredRowsOf(blocks: readonly ScoreBlock[]): ScoredRows {
  const rowCount = blocks.reduce((sum, block) => sum + block.rowCount, 0);
  const ids = blocks.flatMap((block) => block.patientIds.map((id) => Buffer.from(id ?? '')));
  const offsets = new Uint32Array(rowCount + 1);
  for (const [row, id] of ids.entries()) offsets[row + 1] = (offsets[row] as number) + id.length;
  const facilities = new Map<string, number>();
  const rows: ScoredRows['rows'] = {
    rowCount,
    rowNumbers: new Int32Array(rowCount),
    patientIds: { offsets, bytes: Buffer.concat(ids) },
    facilities: { names: [], indices: new Int32Array(rowCount).fill(NO_FACILITY) },
    dueDates: new Int32Array(rowCount),
    identifiers: identifiersOf(blocks, rowCount),
    features: [],
  };
  const rawScores = new Float64Array(rowCount);
  const risks = new Float64Array(rowCount);
  const tiers = new Uint8Array(rowCount);
  const k = Math.max(0, ...blocks.map((block) => block.reasonCount));
  const reasons = {
    k,
    features: new Int32Array(rowCount * k).fill(-1),
    contributions: new Float64Array(rowCount * k),
    values: new Float64Array(rowCount * k),
  };
  let first = 0;
  for (const block of blocks) {
    rows.rowNumbers.set(block.rowNos, first);
    rows.dueDates.set(block.dueDays, first);
    rawScores.set(block.rawScores, first);
    risks.set(block.risks, first);
    tiers.set(block.tiers, first);
    for (let at = 0; at < block.rowCount; at++) {
      const name = block.facilityNos[at] === NONE ? undefined : block.facilities[block.facilityNos[at]!];
      if (name === undefined) continue;
      let index = facilities.get(name);
      if (index === undefined) facilities.set(name, (index = facilities.size));
      rows.facilities.indices[first + at] = index;
    }
    for (let at = 0; at < block.contributions.length; at++) {
      if (Number.isNaN(block.contributions[at])) continue;
      const reason = first * k + at;
      reasons.features[reason] = block.reasonFeatures[at]!;
      reasons.contributions[reason] = block.contributions[at]!;
      reasons.values[reason] = block.values[at]!;
    }
    first += block.rowCount;
  }
  rows.facilities.names = [...facilities.keys()];
  return { rows, rawScores, risks, tiers, reasons: k === 0 ? undefined : reasons };
}

function identifiersOf(blocks: readonly ScoreBlock[], rowCount: number): IdentifierColumn[] {
  const columns = new Map<string, { texts: Map<string, number>; indices: Int32Array }>();
  let first = 0;
  for (const block of blocks) {
    for (const [column, name] of block.identifierNames.entries()) {
      const known = columns.get(name) ?? {
        texts: new Map<string, number>(),
        indices: new Int32Array(rowCount).fill(NO_TEXT),
      };
      columns.set(name, known);
      for (let at = 0; at < block.rowCount; at++) {
        const no = block.identifierNos[column * block.rowCount + at]!;
        const text = no === NONE ? undefined : block.identifierTexts[no];
        if (text === undefined) continue;
        let index = known.texts.get(text);
        if (index === undefined) known.texts.set(text, (index = known.texts.size));
        known.indices[first + at] = index;
      }
    }
    first += block.rowCount;
  }
  return [...columns].flatMap(([name, { texts, indices }]) => {
    const known = IDENTIFIER_NAMES.find((one) => one === name);
    return known === undefined ? [] : [{ name: known, texts: [...texts.keys()], indices }];
  });
}
