import { html } from 'hono/html';
import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { createKey, KeyError, revokeKey, SCOPES } from '#api/auth/keys.ts';
import { parseFacilities } from '#api/facilities/facility-csv.ts';
import { putFacilities } from '#api/facilities/facilities.ts';
import { type Area, areaText, parseArea } from '#api/people/areas.ts';
import { changePerson } from '#api/people/manage.ts';
import { invitePerson } from '#api/people/invite.ts';
import { listPeople, makeInvitation } from '#api/people/people.ts';
import { ROLES } from '#api/people/roles.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Markup, seeOther } from '../../http/answers.ts';
import { page, type PageCall } from '../../page.ts';
import { originOf } from '../login/provider.ts';
import { settings } from './settings-page.ts';

const MOST_CSV = 200_000;

/** `facility:F1, state:Kano`, or a mistake that is named. */
const areas = z
  .string()
  .max(2_000)
  .default('')
  .transform((text, context) => {
    const parts = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    const read: Area[] = [];
    for (const part of parts) {
      const area = parseArea(part);
      if (area === undefined)
        context.addIssue({ code: 'custom', message: 'Write all, state:…, lga:STATE/LGA or facility:ID.' });
      else read.push(area);
    }
    return read;
  });

export const invitePost = page(
  {
    method: 'POST',
    path: '/settings/people',
    access: 'settings',
    form: z.object({
      name: z.string().trim().min(1).max(100),
      email: z
        .email()
        .max(200)
        .transform((text) => text.toLowerCase()),
      role: z.enum(ROLES),
      language: z.enum(['en', 'fr', 'ha']).default('en'),
      areas,
    }),
  },
  async (call) => {
    const { form } = call;
    const { token } = await invitePerson(call, form);
    return await settings(call, { tab: 'people' }, linkBox(call, form.name, token));
  },
);

export const changePersonPost = page(
  {
    method: 'POST',
    path: '/settings/people/{id}',
    access: 'settings',
    params: z.object({ id: z.guid() }),
    form: z.object({ act: z.enum(['save', 'invite', 'disable', 'enable']), role: z.enum(ROLES), areas }),
  },
  async (call) => {
    const { deps, principal, params, form } = call;
    const change = { tenantId: principal.tenantId, id: params.id, by: principal.person!.id };
    const [person] = await listPeople(deps.db, principal.tenantId, params.id);
    if (person === undefined) throw new ServiceError('not_found', 'There is no such person.');
    const token = await deps.db.transaction().execute(async (trx) => {
      if (form.act === 'invite') {
        await changePerson(trx, deps.sessions, change);
        await recordAccess(call, { action: 'person.invite', entity: `person/${params.id}` }, trx);
        return await makeInvitation(trx, {
          personId: params.id,
          purpose: 'invitation',
          createdBy: principal.actor,
        });
      }
      await changePerson(trx, deps.sessions, {
        ...change,
        ...(form.act === 'save'
          ? { role: form.role, areas: form.areas }
          : { isDisabled: form.act === 'disable' }),
      });
      const details =
        form.act === 'save'
          ? { role: form.role, areas: form.areas.map(areaText) }
          : { disabled: form.act === 'disable' };
      await recordAccess(call, { action: 'person.update', entity: `person/${params.id}`, details }, trx);
      return undefined;
    });
    return token === undefined
      ? seeOther('/settings?saved=1')
      : await settings(call, { tab: 'people' }, linkBox(call, person.name, token));
  },
);

function linkBox(call: PageCall, name: string, token: string): Markup {
  const link = `${originOf(call)}/welcome/${token}`;
  return html`<div class="banner good" role="status">
    ${call.t('settings.link_for', { name })}<br /><code>${link}</code>
  </div>`;
}

const flag = z.literal('on').optional();

export const newKeyPost = page(
  {
    method: 'POST',
    path: '/settings/keys',
    access: 'settings',
    form: z.object({
      name: z.string().trim().min(1).max(100),
      scope_submit: flag,
      scope_read: flag,
      scope_audit: flag,
      scope_admin: flag,
      expires: dayParameter.optional(),
    }),
  },
  async (call) => {
    const { deps, principal, form, t } = call;
    const scopes = SCOPES.filter((scope) => form[`scope_${scope}`] !== undefined);
    if (scopes.length === 0)
      throw new ServiceError('invalid_body', t('settings.no_scope'), { field: 'scope' });
    try {
      const { key } = await createKey(
        { db: deps.db, recordEvent: deps.recordEvent, operator: principal.actor },
        {
          tenant: principal.tenant,
          name: form.name,
          scopes,
          expiresAt: form.expires === undefined ? undefined : new Date(`${form.expires}T23:59:59Z`),
        },
      );
      const box = html`<div class="banner good" role="status">
        ${t('settings.key_once')}<br /><code>${key}</code>
      </div>`;
      return await settings(call, { tab: 'keys' }, box);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      return await settings(
        call,
        { tab: 'keys' },
        html`<p class="banner bad" role="alert">${error.message}</p>`,
        409,
      );
    }
  },
);

export const revokeKeyPost = page(
  {
    method: 'POST',
    path: '/settings/keys/revoke',
    access: 'settings',
    form: z.object({ name: z.string().max(200) }),
  },
  async (call) => {
    const { deps, principal, form } = call;
    try {
      await revokeKey(
        { db: deps.db, recordEvent: deps.recordEvent, operator: principal.actor },
        principal.tenant,
        form.name,
      );
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      throw new ServiceError('not_found', error.message);
    }
    return seeOther('/settings?tab=keys&saved=1');
  },
);

export const facilitiesPost = page(
  {
    method: 'POST',
    path: '/settings/facilities',
    access: 'settings',
    form: z.object({ csv: z.string().max(MOST_CSV) }),
  },
  async (call) => {
    const { deps, principal, form } = call;
    const facilities = parseFacilities(form.csv);
    await deps.db.transaction().execute(async (trx) => {
      await putFacilities(trx, {
        tenantId: principal.tenantId,
        facilities,
        source: 'registry',
        updatedBy: principal.actor,
      });
      await recordAccess(call, { action: 'facilities.put', details: { facilities: facilities.length } }, trx);
    });
    return seeOther('/settings?tab=facilities&saved=1');
  },
);
