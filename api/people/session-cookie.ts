import type { IncomingHttpHeaders } from 'node:http';

/** `__Host-` binds it to this host and to TLS; browsers take loopback for TLS. */
export const SESSION_COOKIE = '__Host-iit';
const TOKEN = /^[\w-]{43}$/u;
const MAX_HEADER = 8_192;

/** The token that the browser sent; undefined where there is none of its form. */
export function sessionToken(headers: IncomingHttpHeaders): string | undefined {
  const value = cookieOf(headers, SESSION_COOKIE);
  return value !== undefined && TOKEN.test(value) ? value : undefined;
}

export function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').slice(0, MAX_HEADER).split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** Ends with the browser; the session itself ends by the server's clock. Lax, so that a link in an e-mail finds it. */
export function sessionCookie(token: string): string {
  return `${SESSION_COOKIE}=${token}; Path=/; Secure; HttpOnly; SameSite=Lax`;
}

export function clearedSessionCookie(): string {
  return `${SESSION_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;
}
