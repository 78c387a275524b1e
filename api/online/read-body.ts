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
    const settle = () => {
      incoming.off('data', onData);
      incoming.off('end', onEnd);
      incoming.off('error', onAborted);
      incoming.off('close', onAborted);
    };
    const onData = (part: Buffer) => {
      length += part.length;
      if (length <= maxBytes) {
        parts.push(part);
        return;
      }
      settle();
      incoming.resume();
      reject(tooLarge());
    };
    const onEnd = () => {
      settle();
      resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
    };
    const onAborted = () => {
      settle();
      reject(new ServiceError('upload_aborted', 'The body did not arrive.'));
    };
    incoming.on('data', onData);
    incoming.on('end', onEnd);
    incoming.on('error', onAborted);
    incoming.on('close', onAborted);
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws `empty_body`, `invalid_encoding`, `malformed_json`. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw new ServiceError('empty_body', 'Send a JSON body.');
  let text: string;
  try {
    text = utf8.decode(body);
  } catch (error) {
    throw new ServiceError('invalid_encoding', 'The body is not UTF-8.', { cause: error });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ServiceError('malformed_json', 'The body is not well-formed JSON.', { cause: error });
  }
}
