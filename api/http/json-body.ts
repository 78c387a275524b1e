import type { z } from 'zod';
import type { Call } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { parseJson } from './parse-json.ts';

const MAX_BYTES = 256 * 1_024;
const LIMITS = { maxItems: 1_000, maxItemBytes: MAX_BYTES };

/** A small JSON body by its schema. Throws `invalid_body` naming the first faulty field, and what reading it throws. */
export async function jsonBody<Schema extends z.ZodType>(
  {
    deps,
    incoming,
    outgoing,
    principal,
  }: Pick<Call<unknown, unknown>, 'deps' | 'incoming' | 'outgoing' | 'principal'>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const request = { incoming, outgoing, tenantId: principal.tenantId };
  const value = await deps.bodies.read(request, MAX_BYTES, (body) => parseJson(body, LIMITS));
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new ServiceError('invalid_body', `\`${field}\`: ${issue?.message ?? 'is not valid.'}`, { field });
}
