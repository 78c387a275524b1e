/**
 * What every front door (Caddy, Ingress, HTTPRoute, ALB) lets in, and nothing else: `/metrics` and `/health/ready`
 * stay inside. A path that ends with `/*` stands for everything below it, and for itself.
 */
export const PUBLIC_PATHS = ['/', '/v1/*', '/docs/*', '/openapi.json', '/health'] as const;

/** What no front door may let in. */
export const INSIDE_PATHS = ['/metrics', '/health/ready', '/health/live'] as const;

export function isPublic(path: string): boolean {
  return PUBLIC_PATHS.some((open) =>
    open.endsWith('/*') ? path === open.slice(0, -2) || path.startsWith(open.slice(0, -1)) : path === open,
  );
}
