import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { count, percent, type TableCell, when, zoneName } from '../output.ts';
import { resolveRun } from '../resolve-run.ts';

type Tier = 'low' | 'medium' | 'high';

export type ResultOptions = {
  format?: 'csv' | 'ndjson' | 'parquet';
  order?: 'input' | 'risk';
  tier?: Tier;
  minRisk?: string;
  capacity?: number;
  per?: 'facility' | 'job';
  limit?: number;
  output?: string;
};

export type WorklistOptions = {
  current: boolean;
  facility?: string;
  capacity?: number;
  tier?: Tier;
  list?: 'due' | 'missed' | 'interrupted' | 'unknown';
  format?: 'csv' | 'xlsx';
  output?: string;
};

export type RejectionOptions = {
  notPredicted: boolean;
  format?: 'csv' | 'ndjson' | 'xlsx';
  limit?: number;
  output?: string;
};

export async function results(context: Context, run: string, options: ResultOptions): Promise<void> {
  const { output, minRisk, ...query } = options;
  const format = options.format ?? endingOf(output, ['csv', 'ndjson', 'parquet']) ?? 'csv';
  await takeHome(context, run, 'results', output, {
    ...query,
    min_risk: minRisk,
    format: context.out.json ? 'ndjson' : format,
  });
}

export async function rejections(context: Context, run: string, options: RejectionOptions): Promise<void> {
  const { notPredicted, output, limit } = options;
  const format = options.format ?? endingOf(output, ['csv', 'ndjson', 'xlsx']);
  if (notPredicted) {
    if (format === 'ndjson' || limit !== undefined || context.out.json)
      throw new UsageError('--not-predicted comes whole, as csv or xlsx.');
    await takeHome(context, run, 'not-predicted', output, { format: format ?? 'csv' });
    return;
  }
  if (format === 'xlsx') throw new UsageError('Rejections come as csv or ndjson; xlsx with --not-predicted.');
  await takeHome(context, run, 'rejections', output, {
    limit,
    format: context.out.json ? 'ndjson' : (format ?? 'csv'),
  });
}

export async function worklist(
  context: Context,
  run: string | undefined,
  options: WorklistOptions,
): Promise<void> {
  if (options.current) return await currentList(context, run, options);
  if (options.list !== undefined) throw new UsageError('--list goes with --current.');
  const format = options.format ?? endingOf(options.output, ['csv', 'xlsx']) ?? 'csv';
  const { facility, capacity, tier } = options;
  await takeHome(context, run ?? 'latest', 'worklist', options.output, {
    format,
    facility_id: facility,
    capacity,
    tier,
  });
  return undefined;
}

async function takeHome(
  { client, out }: Context,
  run: string,
  what: string,
  file: string | undefined,
  query: Record<string, string | number | undefined>,
): Promise<void> {
  const isBinary = query['format'] === 'xlsx' || query['format'] === 'parquet';
  if (isBinary && (file === undefined || file === '-') && process.stdout.isTTY)
    throw new UsageError(`${query['format']} is nothing for a terminal: name a file with -o.`);
  const api = await client();
  const id = await resolveRun(api, run);
  const bytes = await out.stream(api.download(`/v1/jobs/${id}/${what}`, query), file);
  if (file !== undefined && file !== '-') out.say(`${file}: ${count(bytes)} bytes of run ${id.slice(0, 8)}.`);
}

async function currentList(
  { client, out }: Context,
  run: string | undefined,
  { facility, capacity, tier, list, output, format }: WorklistOptions,
): Promise<void> {
  if (run !== undefined) throw new UsageError('--current and a run exclude each other.');
  if (facility === undefined)
    throw new UsageError('--current needs --facility; iit facilities ls lists them.');
  if (output !== undefined || format !== undefined)
    throw new UsageError('--current is printed, or JSON with --json; files come from a run.');
  const api = await client();
  const found = await api.call((http, fetch) =>
    http.GET('/v1/facilities/{facility_id}/calls', {
      params: {
        path: { facility_id: facility },
        query: {
          ...(list === undefined ? {} : { list }),
          ...(capacity === undefined ? {} : { capacity: Math.min(capacity, 500) }),
          ...(tier === undefined ? {} : { tier }),
        },
      },
      fetch,
    }),
  );
  if (out.json) return out.document(found);
  const { counts } = found;
  out.say(
    `Scored ${when(found.finished_at)} ${zoneName()}: ${counts.due} due soon, ${counts.missed} missed, ${counts.interrupted} interrupted, ${counts.unknown} without enough data.`,
  );
  const scored = found.patients.map((one): TableCell[] => [
    one.patient_id,
    one.hospital_number,
    one.tier,
    percent(one.risk),
    one.due_date,
    one.days_left_to_day_28,
    one.reasons.slice(0, 2).join('; '),
    one.contact?.result,
  ]);
  const others = found.not_scored.map((one): TableCell[] => [
    one.patient_id,
    undefined,
    undefined,
    undefined,
    one.due_date,
    undefined,
    one.reason,
    one.contact?.result,
  ]);
  await out.table(
    ['patient', 'hospital no.', 'tier', 'risk', 'due', 'days left', 'why', 'call'],
    [...scored, ...others],
  );
  if (found.next_after !== null) out.say(`${found.total} in all: --capacity shows more.`);
  return undefined;
}

function endingOf<Format extends string>(
  file: string | undefined,
  formats: readonly Format[],
): Format | undefined {
  return formats.find((format) => file?.toLowerCase().endsWith(`.${format}`) === true);
}
