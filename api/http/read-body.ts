import type { IncomingMessage } from 'node:http';
import { ServiceError } from '#shared/errors/errors.ts';

/**
 * A whole request body, for routes whose bodies are small. Throws `body_too_large`, `unsupported_encoding` for a
 * compressed one, `upload_aborted` when the client went away.
 */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ServiceError('unsupported_encoding', 'Send this body without a content encoding.');
  }
  const tooLarge = () => new ServiceError('body_too_large', `The body may have at most ${maxBytes} bytes.`);
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  return await new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    let settled = false;
    const settle = (outcome: () => void) => {
      if (settled) return;
      settled = true;
      outcome();
    };
    const onAborted = () => {
      if (!settled) settle(() => reject(new ServiceError('upload_aborted', 'The body did not arrive.')));
    };
    // Listeners stay: taking them off again costs a request more than the request's JSON.
    incoming.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= maxBytes) parts.push(part);
      else settle(() => reject(tooLarge()));
    });
    incoming.on('end', () => settle(() => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts))));
    incoming.on('error', onAborted);
    incoming.on('close', onAborted);
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws `empty_body`, `invalid_encoding`. */
export function parseText(body: Buffer): string {
  if (body.length === 0) throw new ServiceError('empty_body', 'Send a body.');
  try {
    return utf8.decode(body);
  } catch (error) {
    throw new ServiceError('invalid_encoding', 'The body is not UTF-8.', { cause: error });
  }
}

/** Throws `empty_body`, `invalid_encoding`, `malformed_json`. */
export function parseJson(body: Buffer): unknown {
  const text = parseText(body);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ServiceError('malformed_json', 'The body is not well-formed JSON.', { cause: error });
  }
}
