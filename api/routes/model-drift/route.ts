import { z } from 'zod';
import { modelParams } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { readModelDrift } from '#shared/drift/drift-store.ts';
import { driftThresholds } from '#shared/drift/thresholds.ts';

const measured = z.object({
  rows: z.int().meta({ description: 'Rows counted; of large chunks a sample is' }),
  score: z.number().meta({ description: 'Population stability index of the risk, sampling noise taken off' }),
  features: z.record(z.string(), z.number()),
  drifted: z.array(z.string()),
});
const driftSchema = z
  .object({
    version: z.string(),
    detected: z.boolean().meta({ description: 'The latest job or the window has drifted' }),
    thresholds: z.object({ feature_psi: z.number(), score_psi: z.number(), minimum_rows: z.int() }),
    window: measured.extend({ days: z.int() }).nullable().meta({
      description: 'Jobs of the window together; those whose source did not know all features are left out',
    }),
    jobs: z.array(measured.extend({ job_id: z.uuid(), finished_at: z.iso.datetime() })),
  })
  .meta({ id: 'ModelDrift' });

export const modelDrift = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/drift',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'How far the patients of late differ from those that the model was trained on',
    params: modelParams,
    answers: {
      200: {
        description: 'Drift of jobs and of the sliding window',
        content: [{ type: 'application/json', schema: driftSchema }],
      },
    },
    errors: ['model_not_found'],
  },
  async ({ deps, principal, params }) => {
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    const thresholds = driftThresholds(deps.config);
    const days = deps.config.DRIFT_WINDOW_DAYS;
    const drift = await readModelDrift(deps.db, principal.tenantId, model, thresholds, days);
    return jsonResponse({
      version: model.version,
      detected: drift.detected,
      thresholds: {
        feature_psi: thresholds.featurePsi,
        score_psi: thresholds.scorePsi,
        minimum_rows: thresholds.minimumRows,
      },
      window: drift.window === undefined ? null : { days, ...measuredView(drift.window) },
      jobs: drift.jobs.map((job) => ({
        job_id: job.jobId,
        finished_at: job.finishedAt.toISOString(),
        ...measuredView(job),
      })),
    });
  },
);

function measuredView({
  rowCount,
  score,
  features,
  drifted,
}: {
  rowCount: number;
  score: number;
  features: Record<string, number>;
  drifted: string[];
}) {
  return { rows: rowCount, score, features, drifted };
}
