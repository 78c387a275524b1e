const MAX_WAIT_SECONDS = 60;
const LONGEST_HEADER = 200;

/** `wait` of a Prefer header (RFC 7240) in milliseconds, at most a minute; 0 without it. */
export function preferredWaitMs(prefer: string | string[] | undefined): number {
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/iu.exec(
    String(prefer ?? '').slice(0, LONGEST_HEADER),
  )?.[1];
  return Math.min(Number(seconds ?? 0), MAX_WAIT_SECONDS) * 1_000;
}
