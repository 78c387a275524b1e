import { NO_DATE } from '#shared/chunks/payload.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import type { ScoreBlock } from './read-blocks.ts';
import { NONE } from './score-block.ts';

/** One row of a job, as it was scored. */
export type ScoredRow = {
  row: number;
  chunk: number;
  /** Undefined: erased. */
  patientId: string | undefined;
  facilityId: string | undefined;
  /** Days since 1970-01-01 */
  dueDay: number | undefined;
  rawScore: number;
  risk: number;
  /** 0 low, 1 medium, 2 high */
  tier: number;
  /** The weightiest first; values are NaN where missing, contributions in log-odds. */
  reasons: { feature: number; value: number; contribution: number }[];
  identifiers: Identifiers;
};

/** Row `at` of a block. */
export function rowOfBlock(block: ScoreBlock, at: number): ScoredRow {
  const reasons: ScoredRow['reasons'] = [];
  const k = block.reasonCount;
  for (let reason = at * k; reason < (at + 1) * k; reason++) {
    const contribution = block.contributions[reason]!;
    if (contribution !== contribution) break;
    reasons.push({ feature: block.reasonFeatures[reason]!, value: block.values[reason]!, contribution });
  }
  const facility = block.facilityNos[at]!;
  const due = block.dueDays[at]!;
  return {
    row: block.rowNos[at]!,
    chunk: block.chunkNo,
    patientId: block.patientIds[at],
    facilityId: facility === NONE ? undefined : block.facilities[facility],
    dueDay: due === NO_DATE ? undefined : due,
    rawScore: block.rawScores[at]!,
    risk: block.risks[at]!,
    tier: block.tiers[at]!,
    reasons,
    identifiers: block.identifierNames.length === 0 ? NO_IDENTIFIERS : identifiersOf(block, at),
  };
}

const NO_IDENTIFIERS: Identifiers = {};

function identifiersOf(block: ScoreBlock, at: number): Identifiers {
  const found: Record<string, string> = {};
  for (const [column, name] of block.identifierNames.entries()) {
    const no = block.identifierNos[column * block.rowCount + at]!;
    if (no !== NONE) found[name] = block.identifierTexts[no]!;
  }
  return found;
}
