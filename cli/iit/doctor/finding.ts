/** What one look found; `remedy` where something is to be done. */
export type Finding = {
  name: string;
  status: 'ok' | 'warn' | 'fail' | 'skipped';
  detail: string;
  remedy?: string;
};

export const ok = (name: string, detail: string): Finding => ({ name, status: 'ok', detail });
export const skipped = (name: string, detail: string): Finding => ({ name, status: 'skipped', detail });
export const warn = (name: string, detail: string, remedy: string): Finding => ({
  name,
  status: 'warn',
  detail,
  remedy,
});
export const fail = (name: string, detail: string, remedy: string): Finding => ({
  name,
  status: 'fail',
  detail,
  remedy,
});

const TOLERATED_MS = 5_000;

/** How far another clock is from this one, in milliseconds; positive where the other is ahead. */
export function clockFinding(whose: string, aheadMs: number): Finding {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  const name = `${whose} clock`;
  if (Math.abs(aheadMs) <= TOLERATED_MS) return ok(name, `within ${seconds} s of this machine’s`);
  return warn(
    name,
    `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine’s`,
    'let both follow NTP: leases and days to due go by these clocks',
  );
}

/** An error's code and no more: messages of drivers hold addresses. */
export function codeOf(error: unknown): string {
  const { code, name } = error as Error & { code?: string };
  return code ?? name;
}
