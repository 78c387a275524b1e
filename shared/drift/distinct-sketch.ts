const KEPT = 64;
const HASHES = 2 ** 32;

/**
 * About how many different patients were seen: the smallest of their hashes (Bar-Yossef et al. 2002). Two sketches join
 * into that of all patients of both, so that one who is scored every night counts once. Exact up to 63, then within an eighth
 * two times of three.
 */
export class DistinctSketch {
  /** Ascending, each once, at most KEPT. */
  #smallest: number[] = [];

  /** `hash` is any 32-bit integer, as `patientHash` gives it. */
  add(hash: number): void {
    const value = hash >>> 0;
    const kept = this.#smallest;
    if (kept.length === KEPT && value >= kept[KEPT - 1]!) return;
    let at = kept.length;
    while (at > 0 && kept[at - 1]! > value) at--;
    if (at > 0 && kept[at - 1] === value) return;
    kept.splice(at, 0, value);
    if (kept.length > KEPT) kept.pop();
  }

  join(hashes: Iterable<number>): void {
    for (const hash of hashes) this.add(hash);
  }

  get hashes(): readonly number[] {
    return this.#smallest;
  }

  /** As PostgreSQL's integers take them; `join` takes them back. */
  signed(): number[] {
    return this.#smallest.map((hash) => hash | 0);
  }

  /** How many different patients, about. */
  count(): number {
    const kept = this.#smallest;
    return kept.length < KEPT ? kept.length : ((KEPT - 1) * HASHES) / (kept[KEPT - 1]! + 1);
  }
}
