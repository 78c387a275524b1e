import { html } from 'hono/html';
import { z } from 'zod';
import { htmlResponse } from '#api/http/html-response.ts';
import { page } from '#api/routes/docs/docs-page.ts';
import { jsonResponse, route } from '#api/route.ts';
import { VERSION } from '#api/version.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';

const LINKS = {
  docs: '/docs',
  openapi: '/openapi.json',
  health: '/health',
  metrics: '/metrics',
  jobs: '/v1/jobs',
};

/** Says what answers here: a page for browsers, JSON for everybody else. */
export const landing = route(
  {
    method: 'GET',
    path: '/',
    access: 'public',
    tag: 'Operation',
    summary: 'What answers here',
    answers: {
      200: {
        description: 'Name, release and links',
        content: [
          {
            type: 'application/json',
            schema: z.object({
              service: z.string(),
              version: z.string(),
              notice: z.string(),
              links: z.record(z.string(), z.string()),
            }),
          },
          { type: 'text/html' },
        ],
      },
    },
  },
  async ({ headers }) => {
    if (!(headers.get('accept') ?? '').includes('text/html')) {
      return jsonResponse({
        service: 'iit-ml-service',
        version: VERSION,
        notice: NOT_A_DIAGNOSIS,
        links: LINKS,
      });
    }
    const body = html`<h1>iit-ml-service <small>${VERSION}</small></h1>
      <p>${NOT_A_DIAGNOSIS}</p>
      <ul>
        ${Object.entries(LINKS).map(([name, path]) => html`<li><a href="${path}">${name}</a></li>`)}
      </ul>`;
    return htmlResponse(String(await page('iit-ml-service', body)));
  },
);
