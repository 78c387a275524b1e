import { z } from 'zod';
import { didYouMean } from '#api/http/did-you-mean.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const LONGEST_NAME = 50;

/** No text of PostgreSQL holds it. */
const NUL = '\u0000';

/**
 * The query string by the route's schema. An empty value counts as absent. Throws `invalid_query` naming the first
 * faulty parameter, and all of them in `errors`.
 */
export function parseQuery<Schema extends z.ZodObject>(
  schema: Schema | undefined,
  search: URLSearchParams,
): z.output<Schema> {
  const given: Record<string, string> = {};
  for (const [name, value] of search) {
    if (Object.hasOwn(given, name))
      throw new ServiceError('invalid_query', `\`${name}\` is given twice.`, { field: name });
    if (value.includes(NUL)) {
      throw new ServiceError(
        'invalid_query',
        `\`${name.slice(0, LONGEST_NAME)}\` holds the character U+0000, which no value has.`,
        {
          field: name.slice(0, LONGEST_NAME),
        },
      );
    }
    if (value !== '') Object.defineProperty(given, name, { value, enumerable: true });
  }
  const known = (schema ?? z.object({})).strict();
  const parsed = known.safeParse(given);
  if (parsed.success) return parsed.data as z.output<Schema>;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => {
          const field = key.slice(0, LONGEST_NAME);
          return {
            field,
            message: `There is no such parameter${didYouMean(field, Object.keys(known.shape))}.`,
          };
        })
      : [{ field: issue.path.join('.'), message: issue.message }],
  );
  const first = errors[0] ?? { field: '', message: '' };
  throw new ServiceError('invalid_query', `\`${first.field}\`: ${first.message}`, {
    field: first.field,
    details: { errors },
  });
}

/** Path parameters by the route's schema. What cannot name anything is `not_found`, like what does not exist. */
export function parsePath<Schema extends z.ZodObject>(
  schema: Schema | undefined,
  given: Record<string, string>,
): z.output<Schema> {
  if (schema === undefined) return {} as z.output<Schema>;
  const parsed = schema.safeParse(given);
  if (!parsed.success || Object.values(given).some((value) => value.includes(NUL)))
    throw new ServiceError('not_found', 'There is nothing at this address.');
  return parsed.data;
}
