import { textResponse } from '#api/http/text-response.ts';
import { isMetricsToken } from '#api/auth/trusted.ts';
import { presentedKey } from '#api/auth/presented-key.ts';
import { route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

export const metrics = route(
  {
    method: 'GET',
    path: '/metrics',
    access: 'public',
    tag: 'Operation',
    summary: 'Prometheus metrics of this process',
    description:
      'With METRICS_TOKEN set, only for those who send it as `Authorization: Bearer`; with METRICS_PORT set, on that port alone.',
    answers: { 200: { description: 'Text exposition format', content: [{ type: 'text/plain' }] } },
    errors: ['unauthenticated', 'not_found'],
  },
  async ({ deps, incoming }) => {
    const { METRICS_PORT, METRICS_TOKEN } = deps.config;
    if (METRICS_PORT !== undefined) throw new ServiceError('not_found', 'There is nothing at this address.');
    if (METRICS_TOKEN !== undefined && !isMetricsToken(deps, presentedKey(incoming.headers))) {
      throw new ServiceError('unauthenticated', 'Send the token as `Authorization: Bearer …`.');
    }
    const { registry } = deps.metrics;
    return textResponse(await registry.metrics(), { headers: { 'content-type': registry.contentType } });
  },
);
