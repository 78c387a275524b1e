import { z } from 'zod';

const count = z.int().nonnegative();

/** What the door understood of an upload: told before it is sent (`/v1/check`) and kept with the job. */
export const jobInputSchema = z
  .object({
    format: z.string().meta({
      description: 'table, line_list, nmrs or fhir; as csv, workbook, ndjson or json: `line_list/csv`',
    }),
    encoding: z.string().meta({ description: 'utf-8, utf-16le, utf-16be or windows-1252' }),
    compression: z.enum(['identity', 'gzip', 'zstd']),
    delimiter: z.string().nullable(),
    line_ends: z.enum(['lf', 'crlf', 'cr']).nullable(),
    /** 1-based; null where the format has none. */
    header_line: count.nullable(),
    sheets: z.array(z.object({ name: z.string(), read: z.boolean(), reason: z.string().nullable() })),
    columns: z.array(
      z.object({ name: z.string(), read_as: z.string().nullable(), detail: z.string().nullable() }),
    ),
    ignored_columns: z.array(z.string()),
    date_order: z.enum(['dmy', 'mdy', 'ymd', 'unknown']).nullable(),
    decimal: z.enum(['point', 'comma']).nullable(),
    as_of: z.string().nullable(),
    /** Oddities that cost nobody a row, counted by code. */
    warnings: z.record(z.string(), count),
    notes: z.array(z.string()).meta({ description: 'Sentences for people' }),
  })
  .meta({ id: 'JobInput' });

export type JobInput = z.infer<typeof jobInputSchema>;
