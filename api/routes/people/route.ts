import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { type Area, areaText, parseArea } from '#api/people/areas.ts';
import { invitePerson } from '#api/people/invite.ts';
import { changePerson } from '#api/people/manage.ts';
import { listPeople, type PersonView } from '#api/people/people.ts';
import { ROLES } from '#api/people/roles.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const LANGUAGES = ['en', 'fr', 'ha'] as const;

const personSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    language: z.enum(LANGUAGES),
    areas: z.array(z.string()).meta({ description: 'all, state:…, lga:STATE/LGA, facility:ID' }),
    last_login_at: z.iso.datetime().nullable(),
    disabled_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Person' });

const areas = z.array(z.string().max(200)).max(500);

function personView(person: PersonView): z.infer<typeof personSchema> {
  return {
    id: person.id,
    email: person.email,
    name: person.name,
    role: person.role,
    language: person.language,
    areas: person.areas.map(areaText),
    last_login_at: person.lastLoginAt?.toISOString() ?? null,
    disabled_at: person.disabledAt?.toISOString() ?? null,
  };
}

/** Throws `invalid_body`. */
function readAreas(texts: readonly string[]): Area[] {
  return texts.map((text, at) => {
    const area = parseArea(text);
    if (area === undefined) {
      throw new ServiceError('invalid_body', 'Write all, state:…, lga:STATE/LGA or facility:ID.', {
        field: `areas.${at}`,
      });
    }
    return area;
  });
}

export const listPeopleRoute = route(
  {
    method: 'GET',
    path: '/v1/people',
    access: 'admin',
    permission: 'settings',
    tag: 'People',
    summary: 'Who may log in, as what, for which facilities',
    answers: {
      200: {
        description: 'People by name',
        content: [
          {
            type: 'application/json',
            schema: z.object({ people: z.array(personSchema) }).meta({ id: 'PersonList' }),
          },
        ],
      },
    },
  },
  async ({ deps, principal }) =>
    jsonResponse({ people: (await listPeople(deps.db, principal.tenantId)).map(personView) }),
);

const newPerson = z
  .strictObject({
    email: z.email().max(200),
    name: z.string().trim().min(1).max(100),
    role: z.enum(ROLES),
    language: z.enum(LANGUAGES).default('en'),
    areas: areas.default([]),
  })
  .meta({ id: 'NewPerson' });

export const invitePersonRoute = route(
  {
    method: 'POST',
    path: '/v1/people',
    access: 'admin',
    permission: 'settings',
    tag: 'People',
    summary: 'Invite somebody',
    description:
      'The answer has the path of a link that works once within three days: there the person chooses a password and a second factor. With a provider (`OIDC_ISSUER`) they may log in there at once.',
    requestBody: {
      description: 'Who',
      content: [
        {
          type: 'application/json',
          schema: newPerson,
          example: '{"email":"ada@example.org","name":"Ada","role":"worker","areas":["facility:SYN-F1"]}',
        },
      ],
    },
    answers: {
      201: {
        description: 'The invitation',
        content: [
          {
            type: 'application/json',
            schema: z.object({ id: z.uuid(), link: z.string() }).meta({ id: 'Invitation' }),
          },
        ],
      },
    },
    errors: ['invalid_body', 'empty_body', 'malformed_json', 'body_too_large', 'person_conflict'],
  },
  async (call) => {
    const given = await jsonBody(call, newPerson);
    const person = { ...given, email: given.email.toLowerCase(), areas: readAreas(given.areas) };
    const { id, token } = await invitePerson(call, person);
    return jsonResponse({ id, link: `/welcome/${token}` }, 201);
  },
);

const personChange = z
  .strictObject({ role: z.enum(ROLES).optional(), areas: areas.optional(), disabled: z.boolean().optional() })
  .meta({ id: 'PersonChange' });

export const changePersonRoute = route(
  {
    method: 'PUT',
    path: '/v1/people/{id}',
    access: 'admin',
    permission: 'settings',
    tag: 'People',
    summary: 'Change somebody’s role or facilities, or shut them out',
    description: 'Ends every session of theirs. Nobody changes themselves.',
    params: z.object({ id: z.guid() }),
    requestBody: {
      description: 'What changes',
      content: [{ type: 'application/json', schema: personChange, example: '{"disabled":true}' }],
    },
    answers: {
      200: { description: 'The person', content: [{ type: 'application/json', schema: personSchema }] },
    },
    errors: ['invalid_body', 'empty_body', 'malformed_json', 'body_too_large', 'not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const given = await jsonBody(call, personChange);
    await deps.db.transaction().execute(async (trx) => {
      await changePerson(trx, deps.sessions, {
        tenantId: principal.tenantId,
        id: params.id,
        by: principal.person?.id ?? '',
        ...(given.role === undefined ? {} : { role: given.role }),
        ...(given.areas === undefined ? {} : { areas: readAreas(given.areas) }),
        ...(given.disabled === undefined ? {} : { isDisabled: given.disabled }),
      });
      await recordAccess(
        call,
        { action: 'person.update', entity: `person/${params.id}`, details: given },
        trx,
      );
    });
    const [person] = await listPeople(deps.db, principal.tenantId, params.id);
    if (person === undefined) throw new ServiceError('not_found', 'There is no such person.');
    return jsonResponse(personView(person));
  },
);
