import { ServiceError } from '#shared/errors/errors.ts';
import type { Source } from '../input-format.ts';
import { TEXT_ENCODINGS, type TextEncoding } from './encoding.ts';

/** What a Content-Type says of a body. What the bytes are has the last word but for `source`. */
export type DeclaredType = {
  mediaType: string;
  source: Source | undefined;
  encoding: TextEncoding | undefined;
  /** Of multipart/form-data. */
  boundary: string | undefined;
};

export const PARQUET = 'application/vnd.apache.parquet';
export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const SOURCE_OF: ReadonlyMap<string, Source | undefined> = new Map<string, Source | undefined>([
  ['text/csv', undefined],
  ['application/csv', undefined],
  ['text/x-csv', undefined],
  ['application/x-csv', undefined],
  ['text/comma-separated-values', undefined],
  ['text/x-comma-separated-values', undefined],
  ['text/tab-separated-values', undefined],
  ['text/plain', undefined],
  ['application/vnd.ms-excel', undefined],
  [XLSX, undefined],
  ['application/vnd.ms-excel.sheet.macroenabled.12', undefined],
  [PARQUET, undefined],
  ['application/octet-stream', undefined],
  ['binary/octet-stream', undefined],
  ['application/gzip', undefined],
  ['application/x-gzip', undefined],
  ['application/zstd', undefined],
  ['text/json', undefined],
  ['application/json', undefined],
  ['application/x-ndjson', undefined],
  ['application/ndjson', undefined],
  ['application/jsonl', undefined],
  ['application/vnd.iit.nmrs+json', 'nmrs'],
  ['application/vnd.iit.nmrs+x-ndjson', 'nmrs'],
  ['application/fhir+json', 'fhir'],
  ['application/fhir+ndjson', 'fhir'],
  ['multipart/form-data', undefined],
]);

export const MEDIA_TYPES: readonly string[] = [...SOURCE_OF.keys()];

/** The encoding of a charset's name, as the web knows names: `latin1`, `iso-8859-1` and `cp1252` are Windows-1252. */
function encodingOf(charset: string): TextEncoding | undefined {
  try {
    const { encoding } = new TextDecoder(charset);
    return TEXT_ENCODINGS.find((known) => known === encoding);
  } catch {
    return undefined;
  }
}

/** Throws `unsupported_media_type` for a type or charset that is not read. */
export function declaredType(contentType: string | null): DeclaredType {
  const [type = '', ...parameters] = (contentType ?? '').slice(0, 1_000).split(';');
  const mediaType = type.trim().toLowerCase();
  if (!SOURCE_OF.has(mediaType)) {
    throw new ServiceError(
      'unsupported_media_type',
      `This Content-Type is not read. Send text/csv for a CSV, ${XLSX} for a workbook, ${PARQUET} for Parquet, application/json or application/x-ndjson for JSON, application/vnd.iit.nmrs+json or application/fhir+json for patients’ records, multipart/form-data for one file of a form.`,
      { field: 'Content-Type' },
    );
  }
  const named = new Map(
    parameters.map((parameter) => {
      const equals = parameter.indexOf('=');
      const value = parameter.slice(equals + 1).trim();
      return [parameter.slice(0, equals).trim().toLowerCase(), unquoted(value)] as const;
    }),
  );
  const charset = named.get('charset')?.toLowerCase();
  const encoding = charset === undefined ? undefined : encodingOf(charset);
  if (charset !== undefined && encoding === undefined) {
    throw new ServiceError(
      'unsupported_media_type',
      `The charset must be one of ${TEXT_ENCODINGS.join(', ')}.`,
      { field: 'Content-Type' },
    );
  }
  const boundary = named.get('boundary');
  if (mediaType === 'multipart/form-data' && !boundary) {
    throw new ServiceError('unsupported_media_type', 'multipart/form-data lacks its boundary.', {
      field: 'Content-Type',
    });
  }
  // A UTF-8 charset is what clients add unasked: it is no reason to misread a file.
  return {
    mediaType,
    source: SOURCE_OF.get(mediaType),
    encoding: encoding === 'utf-8' ? undefined : encoding,
    boundary: mediaType === 'multipart/form-data' ? boundary : undefined,
  };
}

function unquoted(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value;
}
