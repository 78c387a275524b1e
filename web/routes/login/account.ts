import { html, raw } from 'hono/html';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { areasOf, areaText } from '#api/people/areas.ts';
import { AREA_ROLES } from '#api/people/roles.ts';
import { seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { page } from '../../page.ts';
import { isTimeZone } from '../../translate.ts';

const ZONES = [
  'Africa/Lagos',
  'Africa/Accra',
  'Africa/Nairobi',
  'Africa/Johannesburg',
  'Europe/London',
  'UTC',
];

export const accountPage = page(
  { method: 'GET', path: '/account', access: 'person', query: z.object({ saved: z.string().optional() }) },
  async (call) => {
    const { t, deps, principal } = call;
    const person = principal.person!;
    const areas = (await areasOf(deps.db, [person.id])).get(person.id) ?? [];
    const zones = ZONES.includes(person.timeZone) ? ZONES : [person.timeZone, ...ZONES];
    return await pageAnswer(call, {
      title: t('account.title'),
      body: html`${call.query.saved === undefined ? '' : html`<p class="banner good" role="status">${t('account.saved')}</p>`}
        <dl class="facts">
          <dt>${t('account.name')}</dt>
          <dd>${person.name}</dd>
          <dt>${t('login.email')}</dt>
          <dd>${person.email}</dd>
          <dt>${t('account.role')}</dt>
          <dd>${t(`role.${person.role}`)}</dd>
          ${
            AREA_ROLES.has(person.role)
              ? html`<dt>${t('account.areas')}</dt>
                  <dd>${areas.map(areaText).join(', ') || '–'}</dd>`
              : ''
          }
        </dl>
        <form class="stack" method="post" action="/account">
          <input type="hidden" name="_csrf" value="${call.csrf}" />
          <label
            >${t('account.language')}<select name="language">
              ${(['en', 'fr', 'ha'] as const).map(
                (code) =>
                  html`<option value="${code}" ${raw(code === person.language ? ' selected' : '')}>
                    ${{ en: 'English', fr: 'Français', ha: 'Hausa' }[code]}
                  </option>`,
              )}
            </select></label
          >
          <label
            >${t('account.zone')}<select name="zone">
              ${zones.map(
                (zone) => html`<option${raw(zone === person.timeZone ? ' selected' : '')}>${zone}</option>`,
              )}
            </select></label
          >
          <button class="primary">${t('account.save')}</button>
        </form>`,
    });
  },
);

export const accountPost = page(
  {
    method: 'POST',
    path: '/account',
    access: 'person',
    form: z.object({
      language: z.enum(['en', 'fr', 'ha']),
      zone: z.string().max(64).refine(isTimeZone, 'There is no such time zone.'),
    }),
  },
  async (call) => {
    const { deps, principal, form } = call;
    await deps.db.transaction().execute(async (trx) => {
      await trx
        .updateTable('people')
        .set({ language: form.language, time_zone: form.zone })
        .where('id', '=', principal.person!.id)
        .execute();
      await recordAccess(
        call,
        { action: 'person.update', entity: `person/${principal.person!.id}`, details: { ...form } },
        trx,
      );
    });
    return seeOther('/account?saved=1');
  },
);
