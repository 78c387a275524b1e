import { z } from 'zod';
import { modelParams } from '#api/models/model-view.ts';
import { readShadowReport } from '#api/models/shadow-report.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const tiers = z.object({ low: z.int(), medium: z.int(), high: z.int() });
const reportSchema = z
  .object({
    version: z.string(),
    started_at: z.iso.datetime(),
    stopped_at: z.iso.datetime().nullable(),
    jobs: z.int(),
    chunks: z.object({ scored: z.int(), failed: z.int() }),
    rows: z.int(),
    mean_risk: z.object({
      champion: z.number().nullable(),
      challenger: z.number().nullable(),
      shift: z.number().nullable(),
    }),
    mean_absolute_difference: z.number().nullable(),
    rank_correlation: z.number().nullable().meta({ description: 'Spearman; null where it is not defined' }),
    tier_moves: z
      .object({ low: tiers, medium: tiers, high: tiers })
      .meta({ description: 'Rows by the tier of the champion, then of the challenger' }),
  })
  .meta({ id: 'ShadowReport' });

export const shadowReport = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/shadow-report',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'How a shadow’s risks differ from those that counted',
    params: modelParams,
    answers: {
      200: {
        description: 'The report of the latest shadow',
        content: [{ type: 'application/json', schema: reportSchema }],
      },
    },
    errors: ['model_not_found', 'not_found'],
  },
  async ({ deps, principal, params }) => {
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    const report = await readShadowReport(deps, principal.tenantId, model.id);
    if (report === undefined) throw new ServiceError('not_found', 'This model has never been a shadow.');
    const { meanChampionRisk: champion, meanChallengerRisk: challenger } = report;
    return jsonResponse({
      version: model.version,
      started_at: report.startedAt.toISOString(),
      stopped_at: report.stoppedAt?.toISOString() ?? null,
      jobs: report.jobs,
      chunks: { scored: report.chunks - report.failedChunks, failed: report.failedChunks },
      rows: report.rows,
      mean_risk: {
        champion,
        challenger,
        shift: champion === null || challenger === null ? null : challenger - champion,
      },
      mean_absolute_difference: report.meanAbsoluteDifference,
      rank_correlation: report.rankCorrelation,
      tier_moves: report.tierMoves,
    });
  },
);
