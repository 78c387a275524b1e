import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { percent, when, zoneName } from '../output.ts';

export type PatientOptions = { from?: string; to?: string; input: boolean; limit: number };
export type EventOptions = {
  action?: string;
  actor?: string;
  outcome?: 'success' | 'refused' | 'failure';
  entity?: string;
  from?: string;
  to?: string;
  limit: number;
};

const LARGEST_PAGE = 500;

export async function patient(
  { client, out }: Context,
  patientId: string,
  options: PatientOptions,
): Promise<void> {
  const query = {
    patient_id: patientId,
    ...period(options),
    ...(options.input ? { include: 'input' as const } : {}),
    limit: Math.min(options.limit, LARGEST_PAGE),
  };
  const records = await first((await client()).auditRecords(query), options.limit);
  if (out.json) return out.document(records);
  if (records.length === 0) out.say('Nobody has scored this patient in that time.');
  await out.table(
    [`when (${zoneName()})`, 'risk', 'tier', 'model', 'by', 'run', 'row', 'input sha256'],
    records.map((one) => [
      when(one.recorded_at),
      percent(one.risk),
      one.tier,
      one.model.version,
      one.actor,
      one.job_id.slice(0, 8),
      one.row,
      one.input_hash?.slice(0, 16),
    ]),
  );
  if (!options.input) return undefined;
  for (const one of records) {
    out.line(`\n${when(one.recorded_at)}, run ${one.job_id.slice(0, 8)}`);
    const known = Object.entries(one.input ?? {}).filter(([, value]) => value !== null);
    if (known.length === 0) out.line('The input is no longer kept.');
    else out.facts(known.map(([name, value]) => [name, String(value)]));
  }
  return undefined;
}

export async function events({ client, out }: Context, options: EventOptions): Promise<void> {
  const { action, actor, outcome, entity, limit } = options;
  const query = {
    ...(action === undefined ? {} : { action }),
    ...(actor === undefined ? {} : { actor }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(entity === undefined ? {} : { entity }),
    ...period(options),
    limit: Math.min(limit, LARGEST_PAGE),
  };
  const found = await first((await client()).auditEvents(query), limit);
  if (out.json) return out.document(found);
  if (found.length === 0) out.say('There are no such events.');
  await out.table(
    [`when (${zoneName()})`, 'who', 'did', 'outcome', 'to', 'from'],
    found.map((one) => [
      when(one.recorded_at),
      one.actor,
      one.action,
      one.outcome,
      one.entity,
      one.network_address,
    ]),
  );
  return undefined;
}

async function first<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length >= limit) break;
  }
  return found;
}

function period({ from, to }: { from?: string; to?: string }): { from?: string; to?: string } {
  return {
    ...(from === undefined ? {} : { from: time('--from', from) }),
    ...(to === undefined ? {} : { to: time('--to', to) }),
  };
}

/** A day is its midnight in this machine's zone. */
function time(option: string, text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/u.test(text);
  const date = new Date(isDay ? `${text}T00:00` : text);
  if (Number.isNaN(date.getTime()))
    throw new UsageError(`${option} takes 2026-03-01 or 2026-03-01T08:00:00Z.`);
  return date.toISOString();
}
