import type { IncomingHttpHeaders } from 'node:http';

/** The key in `Authorization: Bearer iit_…` or `X-API-Key: iit_…`; the first wins. */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const { authorization, 'x-api-key': apiKey } = headers;
  if (authorization !== undefined) return /^bearer +(\S+)$/iu.exec(authorization)?.[1] ?? authorization;
  return typeof apiKey === 'string' ? apiKey : undefined;
}
