/**
 * Opaque code of a regimen's name, equal for names that differ only in case, spaces and punctuation
 * ("TDF/3TC/DTG", "TDF-3TC-DTG"); -1 for an empty one. FNV-1a, 31 bits.
 */
export function regimenCode(name: string): number {
  let hash = 0x811c9dc5;
  let letters = 0;
  for (let i = 0; i < name.length; i++) {
    let c = name.charCodeAt(i);
    if (c >= 97 && c <= 122) c -= 32;
    if (!((c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c > 127)) continue;
    hash = Math.imul(hash ^ c, 0x01000193);
    letters++;
  }
  return letters === 0 ? -1 : hash & 0x7fffffff;
}
