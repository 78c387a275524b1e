const KNOWN_DAYS = 20_000;
const known = new Map<number, string>();

/** Days since 1970-01-01 as YYYY-MM-DD; days recur in a cohort, so their text is kept. */
export function isoDateOf(epochDay: number): string {
  let text = known.get(epochDay);
  if (text === undefined) {
    text = new Date(epochDay * 86_400_000).toISOString().slice(0, 10);
    if (known.size < KNOWN_DAYS) known.set(epochDay, text);
  }
  return text;
}
