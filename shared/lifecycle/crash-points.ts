/** Places at which the fault suite kills a process, named in the order in which a chunk meets them. */
export const CRASH_POINTS = [
  'before_claim',
  'after_claim',
  'after_score',
  'before_copy',
  'mid_copy',
  'after_copy',
  'before_commit',
  'after_commit',
  'before_sweep',
  'mid_sweep',
  'before_seal',
  'mid_upload',
  'after_chunk_commit',
  'mid_ring',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Kills this process with SIGKILL when it passes the configured point; a no-op everywhere else. */
export type CrashPoints = (point: CrashPoint) => void;

/**
 * `CRASH_AT=after_copy` dies at the first pass, `after_copy:3` at the third. Throws on an unknown name.
 * Unset (production), it does nothing.
 */
export function createCrashPoints(
  setting: string | undefined,
  die: () => void = () => process.kill(process.pid, 'SIGKILL'),
): CrashPoints {
  if (setting === undefined) return () => undefined;
  const [name, countText = '1'] = setting.split(':');
  const armed = CRASH_POINTS.find((point) => point === name);
  const count = Number(countText);
  if (armed === undefined || !Number.isInteger(count) || count < 1) {
    throw new Error(
      `CRASH_AT is "${setting}": not one of ${CRASH_POINTS.join(', ')}, each with :n or without`,
    );
  }
  let passes = 0;
  return (point) => {
    if (point !== armed) return;
    passes++;
    if (passes === count) die();
  };
}
