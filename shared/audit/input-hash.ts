import { createHash } from 'node:crypto';
import type { ChunkRows } from '#shared/chunks/payload.ts';

/**
 * A row's input hash, hex: SHA-256 over the patient id's UTF-8 bytes, a zero byte, and the features in the model's order as
 * little-endian doubles (missing = the quiet NaN 7ff8000000000000).
 */
export function inputHash(rows: Pick<ChunkRows, 'patientIds' | 'features'>, row: number): string {
  const { offsets, bytes } = rows.patientIds;
  const features = Buffer.alloc(rows.features.length * 8);
  for (const [index, column] of rows.features.entries()) {
    const value = column[row] as number;
    features.writeDoubleLE(value === value ? value : NaN, index * 8);
  }
  return createHash('sha256')
    .update(bytes.subarray(offsets[row], offsets[row + 1]))
    .update(Buffer.alloc(1))
    .update(features)
    .digest('hex');
}
