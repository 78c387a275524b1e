import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { ServiceError } from '#shared/errors/errors.ts';
import { parseJson, readBody } from './read-body.ts';

const MAX_BYTES = 256 * 1_024;

/** A small JSON body by its schema. Throws `invalid_body` naming the first faulty field, and what reading it throws. */
export async function jsonBody<Schema extends z.ZodType>(
  incoming: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(await readBody(incoming, MAX_BYTES)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new ServiceError('invalid_body', `\`${field}\`: ${issue?.message ?? 'is not valid.'}`, { field });
}
