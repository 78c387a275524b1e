import { html, raw } from 'hono/html';
import { z } from 'zod';
import { areaText } from '#api/people/areas.ts';
import { listPeople, type PersonView } from '#api/people/people.ts';
import { AREA_ROLES, ROLES } from '#api/people/roles.ts';
import { listKeys, SCOPES } from '#api/auth/keys.ts';
import { readFacilities } from '#api/facilities/facilities.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { page, type PageCall } from '../../page.ts';

const TABS = ['people', 'keys', 'facilities'] as const;
const query = z.object({
  tab: z.enum(TABS).default('people'),
  q: z.string().max(100).optional(),
  saved: z.string().optional(),
});
type Query = z.output<typeof query>;

export const settingsPage = page(
  { method: 'GET', path: '/settings', access: 'settings', query },
  async (call) => await settings(call, call.query, ''),
);

/** The page, with what a form has just made on top: a link or a key that is shown this once. */
export async function settings(call: PageCall, query: Query, made: Markup, status = 200): Promise<Response> {
  const { t } = call;
  const body = { people, keys, facilities }[query.tab];
  return await pageAnswer(call, {
    title: t('section.settings'),
    section: 'settings',
    status,
    body: html`<nav class="tabs" aria-label="${t('section.settings')}">
        ${TABS.map((tab) => html`<a href="/settings?tab=${tab}" ${raw(tab === query.tab ? 'aria-current="page"' : '')}>${t(`settings.${tab}`)}</a>`)}
      </nav>
      ${query.saved === undefined ? '' : html`<p class="banner good" role="status">${t('account.saved')}</p>`}${made}${await body(call, query)}`,
  });
}

async function people(call: PageCall): Promise<Markup> {
  const { t, deps, principal, csrf } = call;
  const list = await listPeople(deps.db, principal.tenantId);
  return html`<div class="scroll" tabindex="0">
      <table>
        <caption class="v">
          ${t('settings.people')}
        </caption>
        <thead>
          <tr>
            <th scope="col">${t('account.name')}</th>
            <th scope="col">${t('account.role')}</th>
            <th scope="col" class="hide-s">${t('account.areas')}</th>
            <th scope="col" class="hide-s">${t('settings.last_login')}</th>
            <th scope="col">${t('settings.change')}</th>
          </tr>
        </thead>
        <tbody>
          ${list.map((person) => personRow(call, person))}
        </tbody>
      </table>
    </div>
    <h2>${t('settings.invite')}</h2>
    <form class="line" method="post" action="/settings/people">
      <input type="hidden" name="_csrf" value="${csrf}" />
      <label>${t('account.name')}<input name="name" required maxlength="100" /></label>
      <label>${t('login.email')}<input name="email" type="email" required maxlength="200" /></label>
      <label
        >${t('account.role')}<select name="role">
          ${ROLES.map((role) => html`<option value="${role}">${t(`role.${role}`)}</option>`)}
        </select></label
      >
      <label
        >${t('account.areas')}<input
          name="areas"
          maxlength="2000"
          placeholder="facility:F1, state:Kano"
        /><small>${t('settings.areas_help')}</small></label
      >
      <label
        >${t('account.language')}<select name="language">
          <option value="en">English</option>
          <option value="fr">Français</option>
          <option value="ha">Hausa</option>
        </select></label
      >
      <button class="primary">${t('settings.invite')}</button>
    </form>`;
}

function personRow(call: PageCall, person: PersonView): Markup {
  const { t, csrf, principal, deps } = call;
  const isOff = person.disabledAt !== null;
  const isMe = person.id === principal.person?.id;
  const areas = AREA_ROLES.has(person.role)
    ? person.areas.map(areaText).join(', ') || '–'
    : t('settings.everything');
  return html`<tr data-row>
    <th scope="row">${person.name}<small>${person.email}</small></th>
    <td>
      ${isOff ? html`<span class="state bad">${t('settings.disabled')}</span>` : t(`role.${person.role}`)}
    </td>
    <td class="hide-s">${areas}</td>
    <td class="hide-s">
      ${person.lastLoginAt === null ? html`<span class="none">${t('settings.never')}</span>` : t.ago(person.lastLoginAt, deps.clock.nowMs())}
    </td>
    <td>
      ${
        isMe
          ? html`<span class="none">${t('settings.you')}</span>`
          : html`<details class="data">
              <summary>${t('settings.change')}</summary>
              <form class="stack" method="post" action="/settings/people/${person.id}">
                <input type="hidden" name="_csrf" value="${csrf}" />
                <label
                  >${t('account.role')}<select name="role">
                    ${ROLES.map((role) => html`<option value="${role}" ${raw(role === person.role ? 'selected' : '')}>${t(`role.${role}`)}</option>`)}
                  </select></label
                >
                <label
                  >${t('account.areas')}<input
                    name="areas"
                    value="${person.areas.map(areaText).join(', ')}"
                    maxlength="2000"
                /></label>
                <p class="actions">
                  <button name="act" value="save" class="primary">${t('account.save')}</button
                  ><button name="act" value="invite">${t('settings.new_link')}</button
                  ><button
                    name="act"
                    value="${isOff ? 'enable' : 'disable'}"
                    class="${isOff ? '' : 'danger'}"
                  >
                    ${isOff ? t('settings.enable') : t('settings.disable')}
                  </button>
                </p>
              </form>
            </details>`
      }
    </td>
  </tr>`;
}

async function keys(call: PageCall): Promise<Markup> {
  const { t, deps, principal, csrf } = call;
  const list = (await listKeys(deps.db)).filter((key) => key.tenant === principal.tenant);
  const nowMs = deps.clock.nowMs();
  return html`<p>${t('settings.keys_help')}</p>
    <div class="scroll" tabindex="0">
      <table>
        <caption class="v">
          ${t('settings.keys')}
        </caption>
        <thead>
          <tr>
            <th scope="col">${t('account.name')}</th>
            <th scope="col">${t('settings.scopes')}</th>
            <th scope="col" class="hide-s">${t('settings.made')}</th>
            <th scope="col">${t('col.status')}</th>
            <th scope="col"><span class="v">${t('settings.revoke')}</span></th>
          </tr>
        </thead>
        <tbody>
          ${list.map((key) => {
            const isOver = key.expiresAt !== null && key.expiresAt.getTime() <= nowMs;
            const isOpen = key.revokedAt === null && !isOver;
            return html`<tr data-row>
              <th scope="row">
                ${key.name}<small><code>${key.prefix}…</code></small>
              </th>
              <td>${key.scopes.join(', ')}</td>
              <td class="hide-s">${t.day(key.createdAt.toISOString())}</td>
              <td>
                <span class="state ${isOpen ? 'ok' : ''}"
                  >${key.revokedAt !== null ? t('settings.revoked') : isOver ? t('settings.expired') : key.expiresAt === null ? t('settings.valid') : t('settings.valid_until', { day: t.day(key.expiresAt.toISOString()) })}</span
                >
              </td>
              <td>
                ${isOpen ? html`<form method="post" action="/settings/keys/revoke"><input type="hidden" name="_csrf" value="${csrf}" /><input type="hidden" name="name" value="${key.name}" /><button class="danger">${t('settings.revoke')}</button></form>` : ''}
              </td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <h2>${t('settings.new_key')}</h2>
    <form class="line" method="post" action="/settings/keys">
      <input type="hidden" name="_csrf" value="${csrf}" />
      <label>${t('account.name')}<input name="name" required maxlength="100" /></label>
      <fieldset class="field">
        <legend>${t('settings.scopes')}</legend>
        <span class="actions"
          >${SCOPES.map((scope) => html`<label class="tick"><input type="checkbox" name="scope_${scope}" value="on" />${scope}</label>`)}</span
        >
      </fieldset>
      <label>${t('settings.expires')}<input name="expires" type="date" /></label>
      <button class="primary">${t('settings.new_key')}</button>
    </form>`;
}

async function facilities(call: PageCall, query: Query): Promise<Markup> {
  const { t, deps, principal, csrf } = call;
  const list = await readFacilities(deps.db, principal, { search: query.q }, 500);
  return html`<form class="line" method="get" action="/settings">
      <input type="hidden" name="tab" value="facilities" /><label
        >${t('calls.find_facility')}<input
          id="search"
          name="q"
          type="search"
          value="${query.q ?? ''}" /></label
      ><button>${t('calls.show')}</button>
    </form>
    ${
      list.length === 0
        ? html`<div class="empty">
            <p><b>${t('calls.no_facilities')}</b></p>
          </div>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <caption>
                ${t('calls.facilities_count', { count: list.length })}
              </caption>
              <thead>
                <tr>
                  <th scope="col">${t('account.name')}</th>
                  <th scope="col">Id</th>
                  <th scope="col">LGA</th>
                  <th scope="col">${t('overview.state')}</th>
                </tr>
              </thead>
              <tbody>
                ${list.map(
                  (one) =>
                    html`<tr data-row>
                      <th scope="row">${one.name}</th>
                      <td><code>${one.id}</code></td>
                      <td>${one.lga}</td>
                      <td>${one.state}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    <h2>${t('settings.register')}</h2>
    <form class="stack" method="post" action="/settings/facilities">
      <input type="hidden" name="_csrf" value="${csrf}" />
      <label
        >${t('settings.register_help')}<textarea
          name="csv"
          rows="6"
          required
          placeholder="id,name,lga,state"
        ></textarea>
      </label>
      <button class="primary">${t('settings.register_save')}</button>
    </form>`;
}
