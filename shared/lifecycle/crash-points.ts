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
  'before_log',
  'before_checkpoint',
  'before_checkpoint_sink',
  'mid_index',
  'before_index_commit',
  'before_erasure_commit',
  'mid_upload',
  'after_chunk_commit',
  'mid_ring',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Sends this process a signal when it passes the configured point; a no-op everywhere else. */
export type CrashPoints = (point: CrashPoint) => void;

const SIGNALS = ['SIGKILL', 'SIGSTOP'] as const;
type CrashSignal = (typeof SIGNALS)[number];

/**
 * `CRASH_AT=after_copy` dies at the first pass, `after_copy:3` at the third; `after_score:1:SIGSTOP` stands still
 * there until somebody sends SIGCONT. Throws on anything unknown. Unset (production), it does nothing.
 */
export function createCrashPoints(
  setting: string | undefined,
  send: (signal: CrashSignal) => void = (signal) => process.kill(process.pid, signal),
): CrashPoints {
  if (setting === undefined) return () => undefined;
  const [name, countText = '1', signalName = 'SIGKILL'] = setting.split(':');
  const armed = CRASH_POINTS.find((point) => point === name);
  const signal = SIGNALS.find((known) => known === signalName);
  const count = Number(countText);
  if (armed === undefined || signal === undefined || !Number.isInteger(count) || count < 1) {
    const points = CRASH_POINTS.join(', ');
    throw new Error(
      `CRASH_AT is "${setting}": not point[:n[:signal]] of ${points} and ${SIGNALS.join(', ')}`,
    );
  }
  let passes = 0;
  return (point) => {
    if (point !== armed) return;
    passes++;
    if (passes === count) send(signal);
  };
}
