import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { ServiceError } from '#shared/errors/errors.ts';

const MAX_BYTES = 256 * 1_024;

/** The fields of a small form. Throws `unsupported_media_type`, `body_too_large`. */
export async function readForm(incoming: IncomingMessage): Promise<URLSearchParams> {
  const type = incoming.headers['content-type'] ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded'))
    throw new ServiceError('unsupported_media_type', 'Send the form as the page has it.');
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BYTES) throw new ServiceError('body_too_large', 'The form is too large.');
    parts.push(part);
  }
  return new URLSearchParams(Buffer.concat(parts).toString());
}

/** The fields by a schema; several of a name come as the last. Throws `invalid_body` naming the first faulty field. */
export function parseForm<Schema extends z.ZodObject>(
  schema: Schema | undefined,
  fields: URLSearchParams,
): z.output<Schema> {
  const given: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (name !== '_csrf' && value !== '')
      Object.defineProperty(given, name, { value, enumerable: true, configurable: true });
  }
  const parsed = schema?.safeParse(given);
  if (parsed === undefined) return {} as z.output<Schema>;
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ServiceError('invalid_body', issue?.message ?? 'The form is not valid.', {
    field: issue?.path.join('.') ?? '',
  });
}
