/** What became of a line of one kind. */
export type Verdict = {
  pass: boolean;
  /** Lines of this kind that were held back in the window before: told once, with the first that passes again. */
  heldBack: number;
};

export type LineLimitOptions = {
  /** Lines of a kind that pass in a window. */
  perWindow?: number;
  windowMs?: number;
  nowMs?: () => number;
};

type Kind = { windowFromMs: number; lines: number; heldBack: number };

/** More kinds than the code has words for: beyond them, kinds share one entry. */
const MOST_KINDS = 500;

/**
 * Limits lines of one kind in a window of time: a loop that fails a thousand times a second must not fill a disk, or hide
 * what else is logged. How many were held back is told with the kind's next line.
 */
export function createLineLimit(options: LineLimitOptions = {}): (kind: string) => Verdict {
  const { perWindow = 30, windowMs = 10_000, nowMs = () => performance.now() } = options;
  const kinds = new Map<string, Kind>();
  return (name) => {
    const key = kinds.has(name) || kinds.size < MOST_KINDS ? name : '';
    const now = nowMs();
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = { windowFromMs: now, lines: 0, heldBack: 0 };
      kinds.set(key, kind);
    }
    let heldBack = 0;
    if (now - kind.windowFromMs >= windowMs) {
      ({ heldBack } = kind);
      kind.windowFromMs = now;
      kind.lines = 0;
      kind.heldBack = 0;
    }
    if (kind.lines >= perWindow) {
      kind.heldBack++;
      return { pass: false, heldBack: 0 };
    }
    kind.lines++;
    return { pass: true, heldBack };
  };
}
