import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type AddressGuard, RefusedAddressError } from './address-guard.ts';

export type Posted = {
  /** Of the answer; undefined where there was none. */
  status: number | undefined;
  /** Why there was none, in words that hold nothing of the answer. */
  error: string | undefined;
  retryAfterSeconds: number | undefined;
};

export type PostOptions = { guard: AddressGuard; timeoutMs: number; signal: AbortSignal };

const MAX_ANSWER_HEADERS = 16_384;
const ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

/**
 * Sends a message once and waits for the status alone: the answer's body is nothing to us, and redirects are not followed.
 * Never throws.
 */
export async function postWebhook(
  address: string,
  headers: Record<string, string>,
  body: string,
  { guard, timeoutMs, signal }: PostOptions,
): Promise<Posted> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const url = new URL(address);
    const isTls = url.protocol === 'https:';
    guard.judgeLiteral(url);
    return await new Promise<Posted>((resolve, reject) => {
      const send = isTls ? requestHttps : requestHttp;
      const request = send(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
        agent: false,
        lookup: guard.lookup(isTls),
        maxHeaderSize: MAX_ANSWER_HEADERS,
        signal: AbortSignal.any([deadline, signal]),
      });
      request.on('error', reject);
      request.on('response', (response) => {
        response.destroy();
        resolve({
          status: response.statusCode,
          error: undefined,
          retryAfterSeconds: secondsOf(response.headers['retry-after']),
        });
      });
      request.end(body);
    });
  } catch (error) {
    return { status: undefined, error: wordsOf(error, deadline), retryAfterSeconds: undefined };
  }
}

function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/u.test(header) ? Number(header) : undefined;
}

function wordsOf(error: unknown, deadline: AbortSignal): string {
  if (error instanceof RefusedAddressError) return 'the address is not public';
  if (deadline.aborted) return 'there was no answer in time';
  const code = (error as { code?: unknown }).code;
  const known = typeof code === 'string' ? ERRORS[code] : undefined;
  return known ?? (typeof code === 'string' ? `the connection failed (${code})` : 'the connection failed');
}
