import type { Schemas } from '#client/index.ts';
import type { Context } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';
import { openInput } from '../input.ts';
import type { MaxRejected } from '../option-values.ts';
import { count, percent, type TableCell } from '../output.ts';

/** What may be said of a file, as commander hands it on. */
export type InputOptions = {
  source?: 'table' | 'line_list' | 'nmrs' | 'fhir';
  delimiter?: 'comma' | 'semicolon' | 'tab' | 'bar';
  encoding?: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  dateOrder?: 'dmy' | 'mdy' | 'ymd';
  sheet?: string;
  asOf?: string;
  allowStale: boolean;
  ignoreUnknown: boolean;
  model?: string;
  maxRejected?: MaxRejected;
};

/** The query of POST /v1/jobs and /v1/check. */
export function inputQuery(options: InputOptions) {
  const { source, delimiter, encoding, sheet, model } = options;
  return {
    ...(source === undefined ? {} : { source }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(options.dateOrder === undefined ? {} : { date_order: options.dateOrder }),
    ...(sheet === undefined ? {} : { sheet }),
    ...(options.asOf === undefined ? {} : { as_of: options.asOf }),
    ...(options.allowStale ? { allow_stale: 'true' as const } : {}),
    ...(options.ignoreUnknown ? { ignore_unknown: 'true' as const } : {}),
    ...(model === undefined ? {} : { model }),
  };
}

export async function check(
  { client, out }: Context,
  file: string,
  options: InputOptions & { rows: string },
): Promise<void> {
  const rows = options.rows === 'all' ? ('all' as const) : wholeRows(options.rows);
  const input = await openInput(file);
  const found = await (await client()).check(input.upload(), { ...inputQuery(options), rows });
  if (out.json) out.document(found);
  else await show(out, found);
  requireFewRejected(options.maxRejected, found.rows.rejected, found.rows.read);
}

function wholeRows(text: string): number {
  if (!/^\d{1,8}$/u.test(text) || Number(text) < 1)
    throw new CommandError('--rows takes a number from 1, or all.', EXIT.usage);
  return Number(text);
}

async function show(out: Context['out'], found: Schemas['Check']): Promise<void> {
  const { input, rows } = found;
  out.facts([
    ...inputFacts(input),
    ['rows', `${count(rows.read)} read${rows.whole_file ? ', the whole file' : ', the file goes on'}`],
    ['can be scored', rows.accepted],
    ['refused', refusedText(rows.rejected, rows.read)],
    ['joined', rows.joined === 0 ? undefined : rows.joined],
  ]);
  for (const note of input.notes) out.line(`note: ${note}`);
  if (input.columns.length > 0) {
    out.line();
    await out.table(
      ['column', 'read as'],
      input.columns.map(({ name, read_as: readAs, detail }) => [
        name,
        readAs === null ? 'not read' : detail === null ? readAs : `${readAs} (${detail})`,
      ]),
    );
  }
  if (rows.rejected === 0) return;
  out.line();
  await out.table(['refused because', 'rows'], byCount(found.codes));
  out.line();
  await out.table(
    ['line', 'patient', 'reason'],
    found.rejections.map((one) => [one['line'], one['patient_id'], one['message']] as TableCell[]),
  );
}

/** Those facts of a file that say something. */
export function inputFacts(input: Schemas['JobInput']): [string, TableCell][] {
  return [
    ['format', input.format],
    ['encoding', input.encoding],
    ['compression', input.compression === 'identity' ? undefined : input.compression],
    ['delimiter', input.delimiter === null ? undefined : JSON.stringify(input.delimiter)],
    ['header', input.header_line === null ? undefined : `line ${input.header_line}`],
    [
      'sheets',
      input.sheets.length === 0
        ? undefined
        : input.sheets.map(({ name, read }) => (read ? name : `${name} (not read)`)).join(', '),
    ],
    ['dates', input.date_order ?? undefined],
    ['as of', input.as_of ?? undefined],
  ];
}

export function refusedText(rejected: number, received: number): string {
  return received === 0 || rejected === 0
    ? String(rejected)
    : `${count(rejected)} (${percent(rejected / received)})`;
}

/** The most frequent first. */
export function byCount(codes: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(codes).toSorted(([, left], [, right]) => right - left);
}

/** @throws CommandError with exit code 3 beyond the limit. */
export function requireFewRejected(limit: MaxRejected | undefined, rejected: number, received: number): void {
  if (limit === undefined) return;
  const most = 'count' in limit ? limit.count : limit.share * received;
  if (rejected > most) {
    const allowed = 'count' in limit ? count(limit.count) : percent(limit.share);
    throw new CommandError(
      `${refusedText(rejected, received)} rows are refused, more than the ${allowed} of --max-rejected.`,
      EXIT.rowsRefused,
    );
  }
}
