import { z } from 'zod';
import { modelParams, modelSchema, readModels } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';

export const getModel = route(
  {
    method: 'GET',
    path: '/v1/models/{version}',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'A model with its whole manifest',
    description: 'Features with units and ranges, cut-offs, metrics by split, intended use.',
    params: modelParams,
    answers: {
      200: {
        description: 'The model',
        content: [
          {
            type: 'application/json',
            schema: modelSchema
              .extend({ manifest: z.record(z.string(), z.unknown()) })
              .meta({ id: 'ModelWithManifest' }),
          },
        ],
      },
    },
    errors: ['model_not_found'],
  },
  async ({ deps, principal, params }) => {
    const { manifest } = await deps.models.modelOf(principal.tenantId, params.version);
    const [model] = await readModels(deps.db, principal.tenantId, params.version);
    return jsonResponse({ ...model, manifest });
  },
);
