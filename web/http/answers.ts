import type { html } from 'hono/html';
import { textResponse } from '#api/http/text-response.ts';

export type Markup = ReturnType<typeof html> | string;

/** Everything comes from here, nothing runs inline, nobody frames it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
};

/** What the source's layout leaves between tags; no page shows text in which it means something. */
const INDENTATION = /\n\s+/gu;

export async function htmlAnswer(
  markup: Markup,
  status = 200,
  headers: Record<string, string> = {},
): Promise<Response> {
  return textResponse(String(await markup).replaceAll(INDENTATION, '\n'), {
    status,
    headers: { ...PAGE_HEADERS, ...headers },
  });
}

/** After a POST: the browser asks for the page with GET, and a reload sends nothing again. */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { location, 'cache-control': 'no-store', ...headers },
  });
}

/** A path of this service; anything else is the home page, so that a log-in sends nobody elsewhere. */
export function localPath(given: string | undefined): string {
  return given !== undefined && /^\/(?![/\\])[^\s\\]{0,500}$/u.test(given) ? given : '/';
}
