import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiDeps } from '#api/deps.ts';
import { presentedKey } from './presented-key.ts';

/** Whether a caller of a public address may see more than strangers: it sends METRICS_TOKEN or any valid key. Never throws. */
export async function trusted(
  deps: Pick<ApiDeps, 'config' | 'authenticator'>,
  headers: IncomingHttpHeaders,
): Promise<boolean> {
  const presented = presentedKey(headers);
  if (presented === undefined) return false;
  if (isMetricsToken(deps, presented)) return true;
  const found = await deps.authenticator.authenticate(presented).catch(() => undefined);
  return found?.ok === true;
}

/** Compared in constant time, whatever its length. */
export function isMetricsToken({ config }: Pick<ApiDeps, 'config'>, presented: string | undefined): boolean {
  const token = config.METRICS_TOKEN;
  if (token === undefined || presented === undefined) return false;
  return timingSafeEqual(digest(token), digest(presented));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
