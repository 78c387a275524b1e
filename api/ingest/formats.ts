import { ServiceError } from '#shared/errors/errors.ts';
import { csvFormat } from './csv.ts';
import type { InputFormat } from './input-format.ts';
import { jsonArrayFormat, ndjsonFormat } from './json-rows.ts';

/** Everything that a cohort may be sent as. */
export const INPUT_FORMATS: readonly InputFormat[] = [csvFormat, ndjsonFormat, jsonArrayFormat];

/** The format of a Content-Type; its parameters may only say UTF-8. Throws `unsupported_media_type`. */
export function formatFor(
  contentType: string | null,
  formats: readonly InputFormat[] = INPUT_FORMATS,
): InputFormat {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const format = formats.find(({ mediaTypes }) => mediaTypes.includes(type));
  const known = formats.flatMap(({ mediaTypes }) => mediaTypes).join(', ');
  if (format === undefined) {
    throw new ServiceError('unsupported_media_type', `Content-Type must be one of ${known}.`, {
      field: 'Content-Type',
    });
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii', '"utf-8"'].includes(charset)) {
    throw new ServiceError('unsupported_media_type', 'The charset must be UTF-8.', { field: 'Content-Type' });
  }
  return format;
}
