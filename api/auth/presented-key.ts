/** The key in `Authorization: Bearer iit_…` or `X-API-Key: iit_…`; the first wins. */
export function presentedKey(headers: Headers): string | undefined {
  const authorization = headers.get('authorization');
  if (authorization !== null) return /^bearer +(\S+)$/iu.exec(authorization)?.[1] ?? authorization;
  return headers.get('x-api-key') ?? undefined;
}
