import type { IncomingMessage } from 'node:http';

const LONGEST_HEADER = 1_000;

/**
 * Who sent the request: the socket's peer, or, behind `hops` proxies of one's own, what the outermost of them wrote at its
 * place of X-Forwarded-For. What the client itself writes there stands farther left and is never looked at.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  hops: number,
): string {
  const peer = socket.remoteAddress ?? '';
  const forwarded = headers['x-forwarded-for'];
  if (hops === 0 || typeof forwarded !== 'string') return peer;
  return forwarded.slice(-LONGEST_HEADER).split(',').at(-hops)?.trim() || peer;
}
