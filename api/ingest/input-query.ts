import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import type { TimeZone } from '#patients/values/time-zone.ts';
import { type InputOptions, SOURCES } from './input-format.ts';
import { DELIMITERS } from './sniff/dialect.ts';
import { TEXT_ENCODINGS } from './sniff/encoding.ts';

export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

const DELIMITER_NAMES = { comma: ',', semicolon: ';', tab: '\t', bar: '|' } as const;

/** What a caller may say of a file: everything is found out where it is left away. */
export const inputQuery = {
  source: z
    .enum([...SOURCES, 'radet'])
    .transform((source) => (source === 'radet' ? 'line_list' : source))
    .optional()
    .meta({
      description:
        'What the file holds: table (rows of features), line_list (RADET and its relatives; `radet` means the same), nmrs, fhir. Found out by its first 64 KiB',
    }),
  delimiter: z
    .enum([...DELIMITERS, 'comma', 'semicolon', 'tab', 'bar'])
    .transform((name) => DELIMITER_NAMES[name as keyof typeof DELIMITER_NAMES] ?? (name as ','))
    .optional()
    .meta({ description: 'What parts the cells of a CSV' }),
  encoding: z.enum(TEXT_ENCODINGS).optional().meta({ description: 'Of a CSV' }),
  date_order: z
    .enum(['dmy', 'mdy', 'ymd'])
    .optional()
    .meta({ description: 'How dates such as 01/12/2026 are to be read where the columns do not show it' }),
  sheet: z.string().max(100).optional().meta({ description: 'The only sheet of a workbook to be read' }),
  as_of: dayParameter.optional().meta({
    description:
      'Patient messages and line lists: the day to score on; by default the latest snapshot’s, or today',
  }),
  allow_stale: flag
    .default(false)
    .meta({ description: 'Take a line list whose newest pickup lies more than 7 days before as_of' }),
  ignore_unknown: flag.default(false).meta({ description: 'Let columns pass that the model does not know' }),
};

const schema = z.object(inputQuery);

export function inputOptions(
  query: z.output<typeof schema>,
  context: { nowMs: number; zone: TimeZone },
): InputOptions {
  return {
    source: query.source,
    delimiter: query.delimiter,
    encoding: query.encoding,
    dateOrder: query.date_order,
    sheet: query.sheet,
    asOf: query.as_of,
    allowStale: query.allow_stale,
    ...context,
  };
}
