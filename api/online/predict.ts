import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import type { ApiDeps } from '#api/deps.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { answerText, type Leftover } from './answer.ts';
import type { OnlineModel } from './online-model.ts';
import type { Asker } from './online-scorer.ts';
import { parseJson } from '#api/http/parse-json.ts';
import type { HeldBody } from '#api/http/read-body.ts';
import { askedOf, fillFacilityRatios, rowsOfNmrs, rowsOfStored } from './read-request.ts';
import type { OnlineRows } from './row-reader.ts';

export const NMRS_MESSAGE = 'application/vnd.iit.nmrs+json';
const MOST_BYTES = 32 * 1024 ** 2;

export const predictQuery = z.strictObject({
  model: z.string().max(64).optional().meta({ description: 'Version; the active model by default' }),
  explain: z.coerce.number().int().min(0).max(20).default(3).meta({ description: 'Reasons a patient' }),
  ignore_unknown: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true lets fields pass that the model has no feature for' }),
  as_of: dayParameter
    .optional()
    .meta({ description: 'Patient messages: the day to score on; today (UTC) by default' }),
});
export type PredictQuery = z.output<typeof predictQuery>;

type PredictDeps = Pick<ApiDeps, 'config' | 'online' | 'clock'>;

export function mostPredictBytes({ config }: Pick<ApiDeps, 'config'>): number {
  return Math.min(MOST_BYTES, config.MAX_ROW_BYTES * config.MAX_BATCH_SIZE);
}

/** The media type without its parameters. Throws `unsupported_media_type`. */
export function predictMediaType(header: string | undefined): string {
  if (header === undefined || header === 'application/json') return 'application/json';
  const type = header.split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/json' || type === NMRS_MESSAGE) return type;
  throw new ServiceError('unsupported_media_type', `Send application/json or ${NMRS_MESSAGE}.`);
}

/** A prediction from body to answer's JSON text, audited. Counts itself. Throws what the route documents. */
export async function predictText(
  deps: PredictDeps,
  asker: Asker,
  query: PredictQuery,
  mediaType: string,
  body: HeldBody,
): Promise<string> {
  const { metrics, scorer } = deps.online;
  const startedMs = performance.now();
  let source: Prepared['source'] = 'rows';
  try {
    const prepared = await prepare(deps, asker, query, mediaType, body);
    source = prepared.source;
    const { model, rows, leftover } = prepared;
    fillFacilityRatios(model, rows);
    const answer =
      rows.patientIds.length === 0 ? undefined : await scorer.score(asker, model, rows, query.explain);
    metrics.answered[source].inc();
    metrics.duration.observe((performance.now() - startedMs) / 1_000);
    return answerText(model, rows, answer, leftover);
  } catch (error) {
    metrics.requests.inc({ source, outcome: 'refused' });
    throw error;
  }
}

type Prepared = {
  source: 'rows' | 'nmrs' | 'stored';
  model: OnlineModel;
  rows: OnlineRows;
  leftover: Leftover;
};

const NOTHING_LEFT: Leftover = { not_found: [], refused: [] };

async function prepare(
  deps: PredictDeps,
  asker: Asker,
  query: PredictQuery,
  mediaType: string,
  body: HeldBody,
): Promise<Prepared> {
  const { config, online, clock } = deps;
  const limits = { maxItems: config.MAX_BATCH_SIZE, maxItemBytes: config.MAX_ROW_BYTES };
  const asked = askedOf(await parseJson(body, limits), config.MAX_BATCH_SIZE);
  const model = await online.models.get(asker.tenantId, query.model);
  if (mediaType === NMRS_MESSAGE) {
    if (asked.source !== 'rows') throw new ServiceError('invalid_body', 'Send patient messages.');
    const text = query.as_of ?? new Date(clock.nowMs()).toISOString().slice(0, 10);
    const { rows, refused } = rowsOfNmrs(model, asked.objects, parseIsoDay(text), text);
    return { source: 'nmrs', model, rows, leftover: { not_found: [], refused } };
  }
  if (asked.source === 'stored') {
    const found = await online.features.find(asker.tenantId, asked.patientIds);
    const { rows, notFound } = rowsOfStored(model, asked.patientIds, found);
    return { source: 'stored', model, rows, leftover: { not_found: notFound, refused: [] } };
  }
  const rows = model.rows.read(asked.objects, { ignoreUnknown: query.ignore_unknown === 'true' });
  return { source: 'rows', model, rows, leftover: NOTHING_LEFT };
}
