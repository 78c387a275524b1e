import { randomBytes } from 'node:crypto';
import type { Allocate } from '#shared/db/copy/binary-copy.ts';
import type { Claim } from '#shared/jobs/chunk-transitions.ts';
import { type ChunkHeader, chunkDigest } from './chunk-digest.ts';
import { encodeBlocks } from './encode-blocks.ts';
import { chunkRoots, SALT_BYTES } from './row-leaves.ts';
import type { ScoredRows } from './score-block.ts';

/** What the rows of a chunk have in common before they are scored. */
export type ScoreContext = Pick<
  ChunkHeader,
  | 'period'
  | 'jobId'
  | 'tenantId'
  | 'chunkNo'
  | 'recordedAtMicros'
  | 'apiKeyId'
  | 'actor'
  | 'modelVersion'
  | 'modelSha256'
>;

/** All that is written of a scored chunk. */
export type ChunkScores = {
  /** A binary COPY stream for `BLOCK_COPY_SQL`. */
  blocks: Buffer;
  header: ChunkHeader;
  saltKey: Uint8Array;
  /** The header's entry in the log. */
  digest: Uint8Array;
};

export function scoreContextOf(claim: Claim): ScoreContext {
  return {
    period: claim.period,
    jobId: claim.jobId,
    tenantId: claim.tenantId,
    chunkNo: claim.chunkNo,
    recordedAtMicros: BigInt(claim.claimedAtMicros),
    apiKeyId: claim.apiKeyId,
    actor: claim.actor,
    modelVersion: claim.model.version,
    modelSha256: claim.model.sha256,
  };
}

export function encodeChunkScores(
  context: ScoreContext,
  scored: ScoredRows,
  allocate?: Allocate,
): ChunkScores {
  const { rows } = scored;
  const { copy } = encodeBlocks(context, scored, allocate);
  const saltKey = randomBytes(SALT_BYTES);
  const header: ChunkHeader = {
    ...context,
    firstRow: rows.rowNumbers[0] as number,
    lastRow: rows.rowNumbers[rows.rowCount - 1] as number,
    rowCount: rows.rowCount,
    ...chunkRoots(scored, saltKey),
  };
  return { blocks: copy, header, saltKey, digest: chunkDigest(header) };
}
