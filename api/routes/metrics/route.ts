import { route } from '#api/route.ts';

export const metrics = route(
  {
    method: 'GET',
    path: '/metrics',
    access: 'public',
    tag: 'Operation',
    summary: 'Prometheus metrics of this process',
    answers: { 200: { description: 'Text exposition format', content: [{ type: 'text/plain' }] } },
  },
  async ({ deps }) => {
    const { registry } = deps.metrics;
    return new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } });
  },
);
