import type { Logger } from '#shared/log/logger.ts';

/**
 * An answer that is sent while it is made. When the source fails after the first byte, the connection is cut, which is all
 * that HTTP has to tell a client that the body is not whole; the log tells why.
 */
export function streamResponse(
  source: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>>,
  log: Logger,
): Response {
  const logged = async function* () {
    try {
      yield* source;
    } catch (error) {
      log.error({ err: error }, 'a stream broke off');
      throw error;
    }
  };
  return new Response(ReadableStream.from(logged()), {
    headers: { 'cache-control': 'no-store', ...headers },
  });
}
