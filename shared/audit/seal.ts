import { createHash } from 'node:crypto';

/** A batch or an event as the chain of seals held it, before there was a log. `ref` is `<job id>/<chunk no>`, or the event's id. */
export type SealEntry = { kind: 'batch' | 'event'; ref: string; digest: Buffer };

export const GENESIS_HASH: Buffer = Buffer.alloc(32);

/**
 * The hash of a seal: SHA-256 over the previous seal's hash, the seal's number, and each entry's kind, reference
 * and digest in order, every text ended by a zero byte.
 */
export function sealHash(id: number, previousHash: Uint8Array, entries: readonly SealEntry[]): Buffer {
  const hash = createHash('sha256').update(previousHash).update(`${id}\0`);
  for (const entry of entries) hash.update(`${entry.kind}\0${entry.ref}\0`).update(entry.digest);
  return hash.digest();
}
