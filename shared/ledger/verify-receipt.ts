import { IDENTIFIER_NAMES } from '#patients/record/identifiers.ts';
import { HASH_BYTES, leafHash, rootOfPath } from '#shared/audit/merkle-tree.ts';
import { NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import { chunkDigest } from '#shared/scores/chunk-digest.ts';
import { rowEncoder, SALT_BYTES } from '#shared/scores/row-leaves.ts';
import { isLogistic, type ScoredRows } from '#shared/scores/score-block.ts';
import { readCheckpoint } from './checkpoint.ts';
import { entryHash } from './log-store.ts';
import { type Receipt, receiptSchema } from './receipt-schema.ts';
import type { NoteVerifier } from './signed-note.ts';

const DAY_MS = 86_400_000;

/** The receipt is none, or does not prove what it says. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
}

/**
 * Whether a receipt proves its row: the row's hash leads by its path to the chunk's root, the chunk's by its path to the root of the
 * checkpoint, and that is signed. Needs no service and no database.
 * @param verifier whose signature must hold; undefined: nobody's is checked, and what the receipt proves is only that it fits itself
 * @returns the receipt, and how many entries the log had
 * @throws ReceiptError
 */
export function verifyReceipt(
  document: unknown,
  verifier: NoteVerifier | undefined,
): { receipt: Receipt; entries: number } {
  const parsed = receiptSchema.safeParse(document);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new ReceiptError(`it is no receipt${where === '' ? '' : `: see ${where}`}`);
  }
  const receipt = parsed.data;
  const { row, chunk, log } = receipt;
  const checkpoint = openCheckpoint(log.checkpoint, verifier);
  const rowRoot = rootOfPath(rowHash(row), row.place, chunk.rows, row.path.map(bytes));
  if (rowRoot === undefined || row.place < 0 || row.place >= chunk.rows)
    throw new ReceiptError('the row’s path does not lead to the root of its chunk');
  const digest = chunkDigest({
    period: chunk.period,
    jobId: chunk.job_id,
    chunkNo: unsigned(chunk.number, 32),
    tenantId: unsigned(chunk.tenant, 16),
    firstRow: unsigned(chunk.first_row, 32),
    lastRow: unsigned(chunk.last_row, 32),
    rowCount: unsigned(chunk.rows, 32),
    recordedAtMicros: microsOf(chunk.recorded_at_micros),
    apiKeyId: chunk.api_key_id,
    actor: chunk.actor,
    modelVersion: chunk.model_version,
    modelSha256: bytes(chunk.model_sha256),
    rowRoot,
    inputRoot: bytes(chunk.input_root),
  });
  const entry = entryHash({ kind: 'batch', ref: `${chunk.job_id}/${chunk.number}`, digest });
  const within = log.entry >= 0 && log.entry < checkpoint.size;
  const root = within ? rootOfPath(entry, log.entry, checkpoint.size, log.path.map(bytes)) : undefined;
  if (root?.equals(checkpoint.root) !== true)
    throw new ReceiptError('the row does not stand in the log that was signed');
  return { receipt, entries: checkpoint.size };
}

function openCheckpoint(note: string, verifier: NoteVerifier | undefined) {
  try {
    return readCheckpoint(note, verifier);
  } catch (error) {
    throw new ReceiptError(`its checkpoint: ${(error as Error).message}`, { cause: error });
  }
}

const bytes = (hex: string) => {
  const found = Buffer.from(hex, 'hex');
  if (found.length !== HASH_BYTES) throw new ReceiptError('one of its hashes is none');
  return found;
};

function unsigned(value: number, bits: 8 | 16 | 32): number {
  if (value < 0 || value >= 2 ** bits) throw new ReceiptError('one of its numbers is out of range');
  return value;
}

function microsOf(text: string): bigint {
  if (!/^-?\d{1,18}$/u.test(text)) throw new ReceiptError('its time is none');
  return BigInt(text);
}

/** The row's leaf, as shared/scores/row-leaves.ts says. */
function rowHash(row: Receipt['row']): Buffer {
  if (row.risk_is_logistic !== isLogistic(row.raw_score, row.risk))
    throw new ReceiptError('the risk is not that of the raw score');
  const salt = Buffer.from(row.salt, 'hex');
  if (salt.length !== SALT_BYTES) throw new ReceiptError('its salt is none');
  const encoded = rowEncoder(asScoredRows(row))(0, salt);
  // The encoder writes the zero byte of a leaf in front, as leafHash does.
  return leafHash(encoded.subarray(1));
}

function asScoredRows(row: Receipt['row']): ScoredRows {
  const id = Buffer.from(row.patient_id);
  const count = unsigned(row.reasons.length, 8);
  return {
    rows: {
      rowCount: 1,
      rowNumbers: Int32Array.of(unsigned(row.number, 32)),
      patientIds: { offsets: Uint32Array.of(0, id.length), bytes: id },
      facilities: {
        names: row.facility_id === null ? [] : [row.facility_id],
        indices: Int32Array.of(row.facility_id === null ? NO_FACILITY : 0),
      },
      dueDates: Int32Array.of(row.due_date === null ? NO_DATE : Date.parse(row.due_date) / DAY_MS),
      identifiers: Object.entries(row.identifiers).map(([known, text]) => {
        const name = IDENTIFIER_NAMES.find((one) => one === known);
        if (name === undefined) throw new ReceiptError('it has an identifier that there is not');
        return { name, texts: [text], indices: Int32Array.of(0) };
      }),
      features: [],
    },
    rawScores: Float64Array.of(row.raw_score),
    risks: Float64Array.of(row.risk),
    tiers: Uint8Array.of(unsigned(row.tier, 8)),
    reasons:
      count === 0
        ? undefined
        : {
            k: count,
            features: Int32Array.from(row.reasons, ({ feature }) => unsigned(feature, 16)),
            contributions: Float64Array.from(row.reasons, ({ contribution }) => contribution),
            values: Float64Array.from(row.reasons, ({ value }) => value ?? NaN),
          },
  };
}
