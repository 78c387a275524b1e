import { z } from 'zod';
import { instantParameter } from '#api/http/time-parameters.ts';
import { createKey, KeyError, listKeys, revokeKey, SCOPES } from '#api/auth/keys.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const keySchema = z
  .object({
    name: z.string(),
    prefix: z.string().meta({ description: 'Tells which one it is, opens nothing' }),
    scopes: z.array(z.enum(SCOPES)),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' });

export const listKeysRoute = route(
  {
    method: 'GET',
    path: '/v1/keys',
    access: 'admin',
    permission: 'settings',
    tag: 'People',
    summary: 'Keys of machines',
    answers: {
      200: {
        description: 'Keys, revoked ones too',
        content: [
          {
            type: 'application/json',
            schema: z.object({ keys: z.array(keySchema) }).meta({ id: 'ApiKeyList' }),
          },
        ],
      },
    },
  },
  async ({ deps, principal }) => {
    const keys = (await listKeys(deps.db)).filter(({ tenant }) => tenant === principal.tenant);
    return jsonResponse({
      keys: keys.map((key) => ({
        name: key.name,
        prefix: key.prefix,
        scopes: key.scopes,
        created_at: key.createdAt.toISOString(),
        expires_at: key.expiresAt?.toISOString() ?? null,
        revoked_at: key.revokedAt?.toISOString() ?? null,
      })),
    });
  },
);

const newKey = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes: z.array(z.enum(SCOPES)).min(1),
    expires_at: instantParameter.optional(),
  })
  .meta({ id: 'NewApiKey' });

export const createKeyRoute = route(
  {
    method: 'POST',
    path: '/v1/keys',
    access: 'admin',
    permission: 'settings',
    tag: 'People',
    summary: 'Make a key for a machine',
    description:
      'The key is in this answer and nowhere else. A machine’s key makes none with scopes that it lacks.',
    requestBody: {
      description: 'Its name, and what it may',
      content: [
        {
          type: 'application/json',
          schema: newKey,
          example: '{"name":"nightly","scopes":["submit","read"]}',
        },
      ],
    },
    answers: {
      201: {
        description: 'The key',
        content: [
          {
            type: 'application/json',
            schema: z.object({ id: z.uuid(), key: z.string() }).meta({ id: 'ApiKeyMade' }),
          },
        ],
      },
    },
    errors: ['invalid_body', 'empty_body', 'malformed_json', 'body_too_large', 'key_conflict'],
  },
  async (call) => {
    const { deps, principal } = call;
    const given = await jsonBody(call, newKey);
    if (principal.person === undefined && given.scopes.some((scope) => !principal.scopes.has(scope)))
      throw new ServiceError('forbidden', 'A key makes none with scopes that it lacks.');
    try {
      const made = await createKey(
        { db: deps.db, recordEvent: deps.recordEvent, operator: principal.actor },
        {
          tenant: principal.tenant,
          name: given.name,
          scopes: given.scopes,
          expiresAt: given.expires_at === undefined ? undefined : new Date(given.expires_at),
        },
      );
      return jsonResponse(made, 201);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      throw new ServiceError('key_conflict', error.message, { field: 'name', cause: error });
    }
  },
);

export const revokeKeyRoute = route(
  {
    method: 'DELETE',
    path: '/v1/keys/{name}',
    access: 'admin',
    permission: 'settings',
    tag: 'People',
    summary: 'Revoke a key',
    description: 'Running services refuse it within five seconds.',
    params: z.object({ name: z.string().min(1).max(200) }),
    answers: {
      200: {
        description: 'It is revoked',
        content: [
          {
            type: 'application/json',
            schema: z.object({ name: z.string(), revoked: z.literal(true) }).meta({ id: 'ApiKeyRevoked' }),
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async ({ deps, principal, params }) => {
    const manager = { db: deps.db, recordEvent: deps.recordEvent, operator: principal.actor };
    try {
      await revokeKey(manager, principal.tenant, params.name);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      throw new ServiceError('not_found', error.message, { cause: error });
    }
    return jsonResponse({ name: params.name, revoked: true });
  },
);
