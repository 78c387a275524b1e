import { recordAccess } from '#api/audit/record-access.ts';
import { modelSchema, readModels } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { registerModel } from '#shared/models/store.ts';

export const uploadModel = route(
  {
    method: 'POST',
    path: '/v1/models',
    access: 'admin',
    tag: 'Models',
    summary: 'Register a model',
    description:
      'LightGBM text model, manifest and golden rows as `npm run model:train` writes them. Read in a process of its own with limits, and taken only if it keeps within the bounds, the checksums hold, at least 100 golden rows come out bit for bit and every feature is known here. Registered, not active. The same model again answers 200.',
    requestBody: {
      description: 'Parts `model`, `manifest` and `golden` of a form, or their texts in a JSON object',
      content: [
        { type: 'multipart/form-data' },
        { type: 'application/json', example: '{"model":"tree\\n…","manifest":"{…}","golden":"{…}"}' },
      ],
    },
    answers: {
      201: {
        description: 'The model, registered',
        content: [{ type: 'application/json', schema: modelSchema }],
      },
      200: {
        description: 'The model was registered before',
        content: [{ type: 'application/json', schema: modelSchema }],
      },
    },
    errors: [
      'invalid_body',
      'malformed_json',
      'body_too_large',
      'unsupported_media_type',
      'unsupported_encoding',
      'model_invalid',
      'model_conflict',
      'feature_mismatch',
      'overloaded',
    ],
  },
  async (call) => {
    const { deps, principal } = call;
    const { incoming, outgoing } = call;
    const request = { incoming, outgoing, tenantId: principal.tenantId };
    const { manifest, text } = await deps.bodies.read(request, deps.config.MAX_MODEL_BYTES, (body) =>
      deps.modelJudge.judge(body.bytes, incoming.headers['content-type'] ?? ''),
    );
    const created = await deps.db.transaction().execute(async (trx) => {
      const registered = await registerModel(trx, {
        text,
        manifest,
        createdBy: principal.actor,
        tenantId: principal.tenantId,
      });
      if (registered.created) {
        await recordAccess(
          call,
          {
            action: 'model.register',
            entity: `model/${manifest.version}`,
            details: { sha256: manifest.sha256 },
          },
          trx,
        );
      }
      return registered.created;
    });
    // Another tenant's model of the same bytes: nothing of it is shown here.
    const [view] = await readModels(deps.db, principal.tenantId, manifest.version);
    if (view === undefined)
      throw new ServiceError('model_conflict', 'The model is another programme’s: ask for a grant.');
    return jsonResponse(view, created ? 201 : 200, { location: `/v1/models/${manifest.version}` });
  },
);
