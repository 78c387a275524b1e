import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** What a front door keeps inside by its path. */
const INSIDE: ReadonlySet<string> = new Set(['/metrics', '/health/ready']);

/**
 * Answers `not_found` where a path that is kept inside is written in another way (`/%6Detrics`, `/v1/%2e%2e/metrics`):
 * a proxy judges the path as it was written, the router as it was meant.
 */
export const insidePaths: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const [written = ''] = (c.env.incoming.url ?? '').split('?', 1);
  if (INSIDE.has(c.req.path) && written !== c.req.path) {
    throw new ServiceError('not_found', 'There is nothing at this address.');
  }
  await next();
};
