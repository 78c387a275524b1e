/**
 * An answer whose text is at hand. Its length is told, so that a short one is sent as it is: without, the compressing
 * middleware makes a compressor for every answer, which costs a refusal more than all of the rest.
 */
export function textResponse(
  text: string,
  { status = 200, headers }: { status?: number; headers?: Headers | Record<string, string> } = {},
): Response {
  const out = new Headers(headers);
  out.set('content-length', String(Buffer.byteLength(text)));
  return new Response(text, { status, headers: out });
}
