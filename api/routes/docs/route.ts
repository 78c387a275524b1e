import { docsPage } from '#api/routes/docs/docs-page.ts';
import { openApiDocument } from '#api/openapi/document.ts';
import { htmlResponse } from '#api/http/html-response.ts';
import { type Route, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** The OpenAPI document for human eyes. */
export function docsRoute(routes: () => readonly Route[]): Route {
  let markup: string | undefined;
  return route(
    {
      method: 'GET',
      path: '/docs',
      access: 'public',
      tag: 'Operation',
      summary: 'This description as a page',
      answers: { 200: { description: 'A page', content: [{ type: 'text/html' }] } },
    },
    async ({ deps }) => {
      if (!deps.config.DOCS) throw new ServiceError('not_found', 'There is nothing at this address.');
      markup ??= String(await docsPage(openApiDocument(routes())));
      return htmlResponse(markup);
    },
  );
}
