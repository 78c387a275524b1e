import { textResponse } from '#api/http/text-response.ts';
import { openApiDocument } from '#api/openapi/document.ts';
import { type Route, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** The document is made at the first call: it is large, and most processes are never asked for it. */
export function openApiRoute(routes: () => readonly Route[]): Route {
  let text: string | undefined;
  return route(
    {
      method: 'GET',
      path: '/openapi.json',
      access: 'public',
      tag: 'Operation',
      summary: 'This description',
      answers: { 200: { description: 'OpenAPI 3.1', content: [{ type: 'application/json' }] } },
    },
    async ({ deps }) => {
      if (deps.config.DOCS === 'off')
        throw new ServiceError('not_found', 'There is nothing at this address.');
      text ??= JSON.stringify(openApiDocument(routes()));
      return textResponse(text, {
        headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
      });
    },
  );
}
