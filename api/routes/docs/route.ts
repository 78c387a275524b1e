import { docsPage } from '#api/routes/docs/docs-page.ts';
import { openApiDocument } from '#api/openapi/document.ts';
import { htmlResponse } from '#api/http/html-response.ts';
import { type Route, route } from '#api/route.ts';

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
    async () => {
      markup ??= String(await docsPage(openApiDocument(routes())));
      return htmlResponse(markup);
    },
  );
}
