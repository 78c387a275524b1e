import type { Job } from '#client/index.ts';
import type { Context } from '../context.ts';
import { followRun, requireCompleted } from '../follow.ts';
import { count, type Output, percent, type TableCell, when, zoneName } from '../output.ts';
import { resolveRun } from '../resolve-run.ts';
import { byCount, inputFacts, refusedText } from './check.ts';

const LARGEST_PAGE = 500;

export type ListOptions = { status?: Job['status']; search?: string; endedFrom?: string; limit: number };

export async function list({ client, out }: Context, options: ListOptions): Promise<void> {
  const jobs: Job[] = [];
  const { status, search, endedFrom, limit } = options;
  const query = {
    ...(status === undefined ? {} : { status }),
    ...(search === undefined ? {} : { search }),
    ...(endedFrom === undefined ? {} : { ended_from: endedFrom }),
    limit: Math.min(limit, LARGEST_PAGE),
  };
  for await (const job of (await client()).jobs(query)) {
    jobs.push(job);
    if (jobs.length >= limit) break;
  }
  if (out.json) return out.document(jobs);
  if (out.quiet) {
    for (const job of jobs) out.line(job.id);
    return undefined;
  }
  if (jobs.length === 0) out.say('There are no such runs.');
  await out.table(
    ['run', 'name', 'status', 'scored', 'refused', 'by', `ended (${zoneName()})`, 'why'],
    jobs.map((job) => [
      job.id.slice(0, 8),
      job.name,
      statusText(out, job),
      job.rows.scored,
      job.rows.rejected,
      job.submitted_by,
      when(job.finished_at),
      job.error?.message ?? '',
    ]),
  );
  return undefined;
}

export async function view({ client, out }: Context, meant: string): Promise<void> {
  const api = await client();
  const job = await api.job(await resolveRun(api, meant));
  if (out.json) out.document(job);
  else await showRun(out, job);
}

export async function watch(
  context: Context,
  meant: string,
  { timeout }: { timeout: number },
): Promise<void> {
  const api = await context.client();
  const job = await followRun(context, api, await resolveRun(api, meant), timeout);
  if (context.out.json) context.out.document(job);
  else await showRun(context.out, job);
  requireCompleted(job);
}

export async function cancel({ client, out }: Context, meant: string): Promise<void> {
  const api = await client();
  const id = await resolveRun(api, meant);
  const job = await api.call(
    (http, fetch) => http.DELETE('/v1/jobs/{id}', { params: { path: { id } }, fetch }),
    { isRepeatable: true },
  );
  if (out.json) return out.document(job);
  out.say(`Run ${id.slice(0, 8)} is ${job.status}; ${count(job.rows.scored)} rows had been scored.`);
  return undefined;
}

export async function retry({ client, out }: Context, meant: string): Promise<void> {
  const api = await client();
  const id = await resolveRun(api, meant);
  const job = await api.call((http, fetch) =>
    http.POST('/v1/jobs/{id}/retry', { params: { path: { id } }, fetch }),
  );
  if (out.json) return out.document(job);
  out.say(`Run ${id.slice(0, 8)} is ${job.status} again: iit runs watch ${id.slice(0, 8)} follows it.`);
  return undefined;
}

export async function showRun(out: Output, job: Job): Promise<void> {
  const { rows, tiers, error } = job;
  const tier = (name: 'high' | 'medium' | 'low'): [string, TableCell] => [
    name,
    rows.scored === 0 ? undefined : `${count(tiers[name])} (${percent(tiers[name] / rows.scored)})`,
  ];
  out.facts([
    ['run', job.id],
    ['name', job.name],
    ['status', statusText(out, job)],
    ['why', error === null ? undefined : `${error.message} (${error.code})`],
    ['model', job.model.version],
    ['sent by', job.submitted_by],
    ['sent', `${when(job.created_at)} ${zoneName()}`],
    ['ended', when(job.finished_at)],
    ['received', rows.received],
    ['refused', refusedText(rows.rejected, rows.received)],
    ['joined', rows.joined === 0 ? undefined : rows.joined],
    ['scored', rows.scored],
    ['quarantined', rows.quarantined === 0 ? undefined : rows.quarantined],
    tier('high'),
    tier('medium'),
    tier('low'),
    ...(job.input === null ? [] : inputFacts(job.input)),
  ]);
  const codes = byCount(job.rejections_by_code);
  if (codes.length === 0) return;
  out.line();
  await out.table(['refused because', 'rows'], codes);
  out.say(`iit rejections ${job.id.slice(0, 8)} lists them by line.`);
}

const COLORS = {
  completed: 'green',
  partial: 'yellow',
  failed: 'red',
  aborted: 'red',
  cancelled: 'dim',
} as const;

function statusText(out: Output, { status }: Job): string {
  return out.paint(COLORS[status as keyof typeof COLORS] ?? 'cyan', status);
}
