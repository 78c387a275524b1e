/**
 * 32-bit hash of the bytes [start, end): FNV-1a (Fowler, Noll, Vo), then murmur3's finaliser (Appleby), as `patient_hash` in SQL.
 * It only narrows a search: whoever finds a row by it compares the id.
 */
export function patientHash(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
