import { z } from 'zod';
import { docsPages } from '#api/routes/docs/docs-page.ts';
import { openApiDocument } from '#api/openapi/document.ts';
import { htmlResponse } from '#api/http/html-response.ts';
import { type Route, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** The OpenAPI document for human eyes. */
export function docsRoute(routes: () => readonly Route[]): Route {
  let pages: ReturnType<typeof docsPages> | undefined;
  return route(
    {
      method: 'GET',
      path: '/docs',
      access: 'public',
      tag: 'Operation',
      summary: 'This description as a page',
      query: z.object({
        show: z
          .enum(['calls', 'schemas'])
          .default('calls')
          .meta({ description: 'Calls, or what bodies hold' }),
        find: z.string().max(100).default('').meta({ description: 'Only the calls that hold these words' }),
      }),
      answers: { 200: { description: 'A page', content: [{ type: 'text/html' }] } },
    },
    async ({ deps, query }) => {
      if (deps.config.DOCS === 'off')
        throw new ServiceError('not_found', 'There is nothing at this address.');
      pages ??= docsPages(openApiDocument(routes()));
      return htmlResponse(await (query.show === 'schemas' ? pages.schemas() : pages.calls(query.find)));
    },
  );
}
