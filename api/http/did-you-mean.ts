/** `, did you mean …?` for the known name that a written one is nearest to; where none is near, the known ones. */
export function didYouMean(written: string, known: readonly string[]): string {
  if (known.length === 0) return '; this address takes none';
  const near = nearest(written, known);
  return near === undefined ? `; it takes ${known.join(', ')}` : `; did you mean ${near}?`;
}

/** The known name that a written one is nearest to; undefined where none is near. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const near = known
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= Math.max(2, written.length / 3) ? near.name : undefined;
}

/** Levenshtein's distance: letters to be put in, taken out or changed. For names of a few dozen letters. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + change));
    }
    previous = row;
  }
  return previous[b.length]!;
}
