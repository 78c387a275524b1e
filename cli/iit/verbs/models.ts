import { readFile } from 'node:fs/promises';
import type { Context } from '../context.ts';
import { CommandError, UsageError } from '../exit.ts';
import { count, when } from '../output.ts';

export async function list({ client, out }: Context): Promise<void> {
  const { models } = await (await client()).call((http, fetch) => http.GET('/v1/models', { fetch }));
  if (out.json) return out.document(models);
  await out.table(
    ['version', 'active', 'features', 'medium from', 'high from', 'data', 'registered', 'by'],
    models.map((one) => [
      one.version,
      one.active ? `since ${when(one.activated_at)}` : '',
      one.features,
      one.tiers?.medium.toFixed(4),
      one.tiers?.high.toFixed(4),
      one.synthetic === true ? 'SYNTHETIC' : 'real',
      when(one.created_at),
      one.created_by,
    ]),
  );
  return undefined;
}

export async function view({ client, out }: Context, version: string): Promise<void> {
  const model = await (
    await client()
  ).call((http, fetch) => http.GET('/v1/models/{version}', { params: { path: { version } }, fetch }));
  if (out.json) return out.document(model);
  out.facts([
    ['version', model.version],
    ['name', model.name],
    ['sha256', model.sha256],
    ['active', model.active ? `since ${when(model.activated_at)}, by ${model.activated_by}` : 'no'],
    ['features', model.features],
    ['medium from', model.tiers?.medium.toFixed(4)],
    ['high from', model.tiers?.high.toFixed(4)],
    ['trained on', model.synthetic === true ? 'SYNTHETIC data' : 'real data'],
    ['registered', `${when(model.created_at)}, by ${model.created_by}`],
  ]);
  return undefined;
}

/** The manifest and the golden rows lie beside the model: `x.txt`, `x.manifest.json`, `x.golden.json`. */
export async function register({ client, out }: Context, file: string): Promise<void> {
  if (!file.endsWith('.txt')) throw new UsageError('A model is a .txt, as npm run model:train writes it.');
  const stem = file.slice(0, -'.txt'.length);
  const [model, manifest, golden] = await Promise.all(
    [file, `${stem}.manifest.json`, `${stem}.golden.json`].map(async (path) => await readFile(path, 'utf8')),
  );
  const registered = await (
    await client()
  ).call(
    (http, fetch) =>
      http.POST('/v1/models', {
        body: { model, manifest, golden } as never,
        headers: { 'content-type': 'application/json' },
        fetch,
      }),
    { isRepeatable: true },
  );
  if (out.json) return out.document(registered);
  out.say(`Model ${registered.version} is registered; iit models activate ${registered.version} uses it.`);
  return undefined;
}

export type ActivateOptions = { reason: string; approver?: string; expires?: string; silent: boolean };

export async function activate(
  { client, out }: Context,
  version: string,
  { reason, approver, expires, silent }: ActivateOptions,
): Promise<void> {
  const query = {
    reason,
    ...(approver === undefined ? {} : { approver }),
    ...(expires === undefined ? {} : { expires }),
    ...(silent ? { silent: 'true' } : {}),
  };
  const model = await (
    await client()
  ).call(
    (http, fetch) =>
      http.POST('/v1/models/{version}/activate', {
        params: { path: { version }, query },
        fetch,
      }),
    { isRepeatable: true },
  );
  if (out.json) return out.document(model);
  out.say(`New runs are scored with model ${model.version}.`);
  return undefined;
}

/** Not repeated on its own: a second roll-back undoes the first. */
export async function rollback({ client, out }: Context, reason: string): Promise<void> {
  const model = await (
    await client()
  ).call((http, fetch) => http.POST('/v1/models/rollback', { params: { query: { reason } }, fetch }));
  if (out.json) return out.document(model);
  out.say(`Model ${model.version} is active again: new runs are scored with it.`);
  return undefined;
}

export async function shadow(
  context: Context,
  version: string,
  { start, stop }: { start: boolean; stop: boolean },
): Promise<void> {
  if (start && stop) throw new UsageError('--start and --stop exclude each other.');
  const { out } = context;
  const client = await context.client();
  const params = { path: { version } };
  if (start || stop) {
    const state = await client.call(
      (http, fetch) =>
        start
          ? http.PUT('/v1/models/{version}/shadow', { params, fetch })
          : http.DELETE('/v1/models/{version}/shadow', { params, fetch }),
      { isRepeatable: true },
    );
    if (out.json) return out.document(state);
    out.say(
      state.shadowing
        ? `Model ${version} scores new runs too, without effect.`
        : `Model ${version} no longer shadows.`,
    );
    return undefined;
  }
  const report = await client.call((http, fetch) =>
    http.GET('/v1/models/{version}/shadow-report', { params, fetch }),
  );
  if (out.json) return out.document(report);
  out.facts([
    ['since', when(report.started_at)],
    ['until', report.stopped_at === null ? 'it still shadows' : when(report.stopped_at)],
    ['runs', report.jobs],
    ['rows', report.rows],
    ['mean risk now', report.mean_risk.champion?.toFixed(4)],
    ['mean risk of the shadow', report.mean_risk.challenger?.toFixed(4)],
    ['rank correlation', report.rank_correlation?.toFixed(4)],
  ]);
  out.line();
  await out.table(
    ['tier now', 'low then', 'medium then', 'high then'],
    (['high', 'medium', 'low'] as const).map((tier) => {
      const moves = report.tier_moves[tier];
      return [tier, moves.low, moves.medium, moves.high];
    }),
  );
  return undefined;
}

const SHOWN = 15;

/** @throws CommandError where patients have drifted, so that a script hears of it. */
export async function drift({ client, out }: Context, version: string): Promise<void> {
  const found = await (
    await client()
  ).call((http, fetch) => http.GET('/v1/models/{version}/drift', { params: { path: { version } }, fetch }));
  const standing = found.alarms.filter(({ acknowledged_at: at }) => at === null);
  if (out.json) out.document(found);
  else {
    await out.table(
      ['alarm', 'what', 'facility', 'expected', 'found', 'last seen'],
      standing.map((alarm) => [
        alarm.id,
        alarm.subject,
        alarm.facility_id ?? 'whole runs',
        `${(100 * alarm.finding.expected_share).toFixed(1)} %`,
        `${(100 * alarm.finding.observed_share).toFixed(1)} %`,
        when(alarm.seen_at),
      ]),
    );
    out.line();
  }
  if (!out.json && found.window === null) out.say('No runs of late to judge by.');
  if (!out.json && found.window !== null) {
    const { window } = found;
    out.say(`${count(window.rows)} patients of ${window.days} days.`);
    await out.table(
      ['feature', 'psi', ''],
      Object.entries(window.features)
        .toSorted(([, left], [, right]) => right - left)
        .slice(0, SHOWN)
        .map(([name, psi]) => [name, psi.toFixed(3), window.drifted.includes(name) ? 'drifted' : '']),
    );
  }
  if (found.detected)
    throw new CommandError('A drift alarm stands; iit models acknowledge tells that it was seen to.');
}

export type AcknowledgeOptions = { reason: string; alarm?: number[]; expected: boolean };

export async function acknowledge(
  { client, out }: Context,
  version: string,
  { reason, alarm, expected }: AcknowledgeOptions,
): Promise<void> {
  const done = await (
    await client()
  ).call(
    (http, fetch) =>
      http.POST('/v1/models/{version}/drift/acknowledge', {
        params: { path: { version } },
        body: { reason, expected, ...(alarm === undefined ? {} : { alarms: alarm }) },
        fetch,
      }),
    { isRepeatable: true },
  );
  if (out.json) return out.document(done);
  out.say(`${count(done.acknowledged.length)} alarms acknowledged.`);
  return undefined;
}

export type TrialOptions = { start: boolean; reason?: string; until?: string };

/** Without `--start` it shows what the trial has found. */
export async function trial(
  { client, out }: Context,
  version: string,
  { start, reason, until }: TrialOptions,
): Promise<void> {
  const params = { path: { version } };
  const service = await client();
  if (start && (reason === undefined || until === undefined))
    throw new UsageError('A trial begins with a --reason and --until, its last day.');
  const found = start
    ? await service.call((http, fetch) =>
        http.PUT('/v1/models/{version}/trial', {
          params,
          body: { reason: reason!, ends_on: until! } as never,
          fetch,
        }),
      )
    : await service.call((http, fetch) => http.GET('/v1/models/{version}/trial', { params, fetch }));
  if (out.json) return out.document(found);
  out.facts([
    ['the rule says', found.verdict],
    ['decision', found.decision ?? `none yet; it ends on ${found.ends_on}`],
    ['patients', found.figures.patients],
  ]);
  await out.table(
    ['criterion', 'required', 'found', ''],
    found.criteria.map((one) => [one.name, one.required, one.found?.toFixed(3), one.verdict]),
  );
  return undefined;
}

export type DecideOptions = { reason: string; approver: string; againstRule: boolean };

export async function decide(
  { client, out }: Context,
  version: string,
  decision: string,
  { reason, approver, againstRule }: DecideOptions,
): Promise<void> {
  if (decision !== 'go' && decision !== 'no_go') throw new UsageError('A decision is go or no_go.');
  const found = await (
    await client()
  ).call((http, fetch) =>
    http.POST('/v1/models/{version}/trial/decision', {
      params: { path: { version } },
      body: { decision, reason, approver, against_rule: againstRule },
      fetch,
    }),
  );
  if (out.json) return out.document(found);
  out.say(`Model ${version}: ${found.decision}.`);
  return undefined;
}

export type ThresholdOptions = {
  medium?: string;
  high?: string;
  reason?: string;
  approver?: string;
  review?: string;
};

/** Without `--medium` and `--high` it shows them. */
export async function thresholds(
  { client, out }: Context,
  version: string,
  { medium, high, reason, approver, review }: ThresholdOptions,
): Promise<void> {
  const params = { path: { version } };
  const service = await client();
  const isChange = medium !== undefined || high !== undefined;
  if (isChange && [medium, high, reason, approver, review].includes(undefined))
    throw new UsageError('New thresholds take --medium, --high, --reason, --approver and --review.');
  const found = isChange
    ? await service.call((http, fetch) =>
        http.PUT('/v1/models/{version}/thresholds', {
          params,
          body: {
            tiers: { medium: Number(medium), high: Number(high) },
            reason: reason!,
            approver: approver!,
            review_on: review!,
          },
          fetch,
        }),
      )
    : await service.call((http, fetch) => http.GET('/v1/models/{version}/thresholds', { params, fetch }));
  if (out.json) return out.document(found);
  await out.table(
    ['version', 'medium from', 'high from', 'review by', 'approver', 'set', 'by'],
    found.history.map((one) => [
      one.thresholds_version,
      one.tiers.medium,
      one.tiers.high,
      one.review_on,
      one.approver,
      when(one.created_at),
      one.created_by,
    ]),
  );
  return undefined;
}

export async function equity({ client, out }: Context, version: string, quarter?: string): Promise<void> {
  const query = quarter === undefined ? {} : { quarter };
  const found = await (
    await client()
  ).call((http, fetch) =>
    http.GET('/v1/models/{version}/equity', { params: { path: { version }, query }, fetch }),
  );
  if (out.json) return out.document(found);
  await out.table(
    ['group', 'patients', 'interrupted', 'in high tier', 'caught', 'O/E', ''],
    found.groups.map((one) => [
      `${one.dimension}: ${one.group}`,
      one.patients,
      one.interrupted,
      one.high_share?.toFixed(3),
      one.sensitivity?.toFixed(3),
      one.observed_expected?.toFixed(2),
      one.underserved ? 'served less' : '',
    ]),
  );
  return undefined;
}
