import { textResponse } from '#api/http/text-response.ts';

/** A page that needs nothing but itself: its policy allows its own style and nothing else. */
export function htmlResponse(markup: string): Response {
  return textResponse(markup, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'cache-control': 'no-cache',
    },
  });
}
