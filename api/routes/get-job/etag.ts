/** Weak comparison (RFC 9110, 8.8.3.2) of an If-None-Match list with an ETag. */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  const opaque = etag.replace(/^W\//u, '');
  return ifNoneMatch.split(',').some((given) => {
    const tag = given.trim();
    return tag === '*' || tag.replace(/^W\//u, '') === opaque;
  });
}
