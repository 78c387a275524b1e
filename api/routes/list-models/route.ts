import { z } from 'zod';
import { jsonResponse, route } from '#api/route.ts';
import { modelSchema, readModels } from '#api/models/model-view.ts';

export const listModels = route(
  {
    method: 'GET',
    path: '/v1/models',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'Registered models, the newest first',
    answers: {
      200: {
        description: 'Models',
        content: [
          {
            type: 'application/json',
            schema: z.object({ models: z.array(modelSchema) }).meta({ id: 'ModelList' }),
          },
        ],
      },
    },
  },
  async ({ deps, principal }) => jsonResponse({ models: await readModels(deps.db, principal.tenantId) }),
);
