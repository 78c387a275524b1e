import type { IncomingHttpHeaders } from 'node:http';

/** What the caller sent, unread. */
export function traceparentOf(headers: IncomingHttpHeaders): string | undefined {
  const sent = headers['traceparent'];
  return typeof sent === 'string' ? sent : undefined;
}
