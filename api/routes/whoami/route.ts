import { z } from 'zod';
import { ROLES } from '#api/people/roles.ts';
import { SCOPES } from '#api/auth/keys.ts';
import { jsonResponse, route } from '#api/route.ts';

const answer = z
  .object({
    actor: z
      .string()
      .meta({ description: 'What the log calls the caller: a key’s name, a person’s address' }),
    tenant: z.string(),
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'Of a key; empty for people' }),
    role: z.enum(ROLES).nullable().meta({ description: 'Of a person; null for keys' }),
  })
  .meta({ id: 'Caller' });

export const whoami = route(
  {
    method: 'GET',
    path: '/v1/whoami',
    access: 'any',
    tag: 'People',
    summary: 'Whose key or session this is, and what it may',
    answers: {
      200: { description: 'The caller', content: [{ type: 'application/json', schema: answer }] },
    },
  },
  async ({ principal }) =>
    jsonResponse({
      actor: principal.actor,
      tenant: principal.tenant,
      scopes: SCOPES.filter((scope) => principal.scopes.has(scope)),
      role: principal.person?.role ?? null,
    }),
);
