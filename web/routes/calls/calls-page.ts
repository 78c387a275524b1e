import { html, raw } from 'hono/html';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { type CallPage, type CallQuery, readCallPage } from '#api/calls/call-list.ts';
import { type CurrentList, findCurrentList } from '#api/calls/current-list.ts';
import { CALL_LISTS, dayIn } from '#api/calls/standing.ts';
import { maySeeFacility } from '#api/auth/principal.ts';
import { onlyFacility } from '#api/facilities/choose.ts';
import { type Facility, findFacility } from '#api/facilities/facilities.ts';
import { worklistXlsx } from '#api/worklist/worklist-files.ts';
import { worklistTable } from '#api/worklist/worklist-table.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { type Markup } from '../../http/answers.ts';
import { noticeText, pageAnswer } from '../../layout.ts';
import { icon } from '../../parts/icons.ts';
import { page, type PageCall } from '../../page.ts';
import { callRow, unscoredRow } from './call-row.ts';
import { formatNotice } from '../../parts/format-notice.ts';
import { facilityIndex } from './facility-index.ts';

const DEFAULT_CALLS = 50;
const MOST_CALLS = 500;
const DAY_MS = 86_400_000;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const query = z.object({
  facility: z.string().max(64).optional(),
  list: z.enum(CALL_LISTS).default('due'),
  tier: z.enum(['low', 'medium', 'high']).optional(),
  capacity: z.coerce.number().int().min(1).max(MOST_CALLS).default(DEFAULT_CALLS),
  sort: z.enum(['risk', 'days']).default('risk'),
  q: z.string().max(64).optional(),
  after: z.coerce.number().int().positive().optional(),
  format: z.literal('xlsx').optional(),
});
type Query = z.output<typeof query>;
type CallsCall = PageCall<unknown, Query>;

export const callsPage = page({ method: 'GET', path: '/calls', access: 'calls', query }, async (call) => {
  const { deps, principal, t } = call;
  const facilityId = call.query.facility ?? onlyFacility(principal);
  if (facilityId === undefined) return await facilityIndex(call);
  const { facility, list } = await openFacility(call, facilityId);
  if (list === undefined) return await noList(call, facility);
  const asked: CallQuery = {
    list: call.query.list,
    tier: call.query.tier,
    search: call.query.q,
    sort: call.query.sort,
    limit: call.query.capacity,
    after: call.query.after,
    today: dayIn(t.timeZone, deps.clock.nowMs()),
  };
  const found = await readCallPage(deps, principal.tenantId, list, asked, call.signal);
  const isExport = call.query.format !== undefined;
  await recordAccess(call, {
    action: isExport ? 'calls.export' : 'calls.view',
    entity: `facility/${facilityId}`,
    details: {
      job_id: list.jobId,
      list: asked.list,
      tier: asked.tier ?? null,
      capacity: asked.limit,
      search: asked.search !== undefined,
      rows: found.rows.length,
    },
  });
  if (isExport) return workbook(found, list, asked.today);
  return await pageAnswer(call, {
    title: `${t('calls.title')} · ${facility.name}`,
    heading: t('calls.title'),
    aside: html`${facility.name}${onlyFacility(principal) === undefined ? html` · <a href="/calls">${t('calls.other_facility')}</a>` : ''}`,
    section: 'calls',
    kind: 'calling',
    body: listBody(call, facility, list, found),
  });
});

/** The facility, if it is one of the person's; a stranger's looks like one that is not there, and is audited. */
export async function openFacility(
  call: Pick<PageCall, 'deps' | 'principal' | 'incoming' | 'context'>,
  facilityId: string,
): Promise<{ facility: Facility; list: CurrentList | undefined }> {
  const { deps, principal } = call;
  if (!maySeeFacility(principal, facilityId)) {
    deps.refusals.note({
      code: 'forbidden',
      reason: 'facility',
      claimed: principal,
      networkAddress: call.incoming.socket.remoteAddress,
      request: `${call.context.req.method} ${call.context.get('route')}`,
    });
    throw new ServiceError('not_found', 'There is no such facility among yours.');
  }
  const [facility, list] = await Promise.all([
    findFacility(deps.db, principal.tenantId, facilityId),
    findCurrentList(deps.db, principal.tenantId, facilityId),
  ]);
  if (facility === undefined && list === undefined && principal.facilities === undefined)
    throw new ServiceError('not_found', 'There is no such facility.');
  return { facility: facility ?? { id: facilityId, name: facilityId, lga: '', state: '' }, list };
}

async function noList(call: CallsCall, facility: Facility): Promise<Response> {
  const { t, principal } = call;
  return await pageAnswer(call, {
    title: t('calls.title'),
    aside: facility.name,
    section: 'calls',
    actions:
      onlyFacility(principal) === undefined
        ? html`<a class="button" href="/calls">${t('calls.other_facility')}</a>`
        : '',
    body: html`<div class="empty">
      <p><b>${t('calls.no_list')}</b></p>
      <p>${t('calls.no_list_help', { name: call.deps.config.CURRENT_LIST_NAME })}</p>
    </div>`,
  });
}

function listBody(call: CallsCall, facility: Facility, list: CurrentList, found: CallPage): Markup {
  const { t, query, deps } = call;
  const isSearch = (query.q?.trim() ?? '') !== '';
  const link = (changes: Record<string, string | number | undefined>) => address(call, facility.id, changes);
  const nowMs = deps.clock.nowMs();
  const today = dayIn(t.timeZone, nowMs);
  const dataAge = found.asOfDay === undefined ? undefined : today - found.asOfDay;
  const isStale =
    nowMs - list.finishedAt.getTime() > deps.config.STALE_LIST_DAYS * DAY_MS || (dataAge ?? 0) > 7;
  const freshness = html`${t('calls.scored', { when: t.ago(list.finishedAt, nowMs) })}${
    found.asOfDay === undefined
      ? ''
      : html` ·
        ${t('calls.data_of', { day: t.shortDay(found.asOfDay) })}${(dataAge ?? 0) > 0 ? html` (${t('calls.days_old', { count: dataAge ?? 0 })})` : ''}`
  }`;
  return html`<p class="notice top" role="note">${noticeText(call)}</p>
    ${formatNotice(call, list)}
    <p class="aside${isStale ? ' banner' : ''}">${freshness}</p>
    <nav class="tabs" aria-label="${t('calls.lists')}">
      ${CALL_LISTS.map(
        (name) =>
          html`<a
            href="${link({ list: name, q: undefined, after: undefined })}"
            ${raw(!isSearch && name === query.list ? ' aria-current="page"' : '')}
            >${t(`list.${name}`)} <b>${t.number(found.counts[name])}</b></a
          >`,
      )}
    </nav>
    <details class="filters" ${raw(isSearch || query.tier !== undefined ? ' open' : '')}>
      <summary>${icon('search')}${t('calls.filter')}</summary>
      <form method="get" action="/calls">
        <input type="hidden" name="facility" value="${facility.id}" /><input
          type="hidden"
          name="list"
          value="${query.list}"
        />
        <label
          >${t('calls.find')}<input
            id="search"
            name="q"
            type="search"
            value="${query.q ?? ''}"
            autocomplete="off"
            spellcheck="false"
        /></label>
        <label
          >${t('calls.tier')}<select name="tier">
            <option value="">${t('calls.all_tiers')}</option>
            ${(['high', 'medium', 'low'] as const).map(
              (tier) =>
                html`<option value="${tier}" ${raw(tier === query.tier ? ' selected' : '')}>
                  ${t(`tier.${tier}`)}
                </option>`,
            )}
          </select></label
        >
        <label
          >${t('calls.capacity')}<input
            name="capacity"
            type="number"
            min="1"
            max="${MOST_CALLS}"
            value="${query.capacity}"
        /></label>
        <label
          >${t('calls.sort')}<select name="sort">
            <option value="risk">${t('calls.by_risk')}</option>
            <option value="days" ${raw(query.sort === 'days' ? ' selected' : '')}>
              ${t('calls.by_days')}
            </option>
          </select></label
        >
        <button>${t('calls.show')}</button>
        <button type="button" data-print hidden>${icon('print')}${t('calls.print')}</button>
        <a class="button" href="${link({ format: 'xlsx' })}">${icon('sheet')}Excel</a>
      </form>
    </details>
    ${isSearch ? html`<p class="aside">${t('calls.found', { count: found.total, query: query.q ?? '' })} · <a href="${link({ q: undefined })}">${t('calls.all')}</a></p>` : ''}
    ${found.rows.length + found.unscored.length === 0 ? empty(call, isSearch) : table(call, facility, list, found)}
    ${pager(call, found, link)}`;
}

function table(call: CallsCall, facility: Facility, list: CurrentList, found: CallPage): Markup {
  const { t } = call;
  const today = dayIn(t.timeZone, call.deps.clock.nowMs());
  return html`<div class="calls">
    <table>
      <caption class="v">
        ${t('calls.caption')}
      </caption>
      <thead>
        <tr class="pn">
          <td colspan="6">
            ${facility.name} · ${t('calls.scored_on', { when: t.time(list.finishedAt) })}. ${noticeText(call)}
          </td>
        </tr>
        <tr>
          <th scope="col">${t('col.patient')}</th>
          <th scope="col">${t('col.risk')}</th>
          <th scope="col">${t('col.pickup')}</th>
          <th scope="col">${t('col.last')}</th>
          <th scope="col">${t('col.why')}</th>
          <th scope="col">${t('col.call')}</th>
        </tr>
      </thead>
      <tbody>
        ${found.rows.map((row, at) =>
          callRow(call, row, { facilityId: facility.id, rank: found.firstRank + at }),
        )}
        ${found.unscored.map((row) => unscoredRow(call, row, facility.id, today))}
      </tbody>
    </table>
  </div>`;
}

function empty(call: CallsCall, isSearch: boolean): Markup {
  const { t, query } = call;
  return html`<div class="empty">
    <p><b>${isSearch ? t('calls.none_found') : t(`list.none_${query.list}`)}</b></p>
  </div>`;
}

function pager(
  call: CallsCall,
  found: CallPage,
  link: (changes: Record<string, number | undefined>) => string,
): Markup {
  const { t } = call;
  const shownRows = found.rows.length + found.unscored.length;
  if (shownRows === 0) return '';
  const shown = t('calls.shown', {
    from: found.firstRank,
    to: found.firstRank + shownRows - 1,
    total: found.total,
    patients: found.patients,
  });
  return html`<div class="pager">
    <span class="mute small">${shown}</span
    ><span class="actions"
      >${
        found.firstRank > 1
          ? html`<a class="button" href="${link({ after: undefined })}">${t('pager.first')}</a>`
          : ''
      }${found.next === undefined ? '' : html`<a class="button" rel="next" href="${link({ after: found.next })}">${t('pager.next')}</a>`}</span
    >
  </div>`;
}

/** The state of the page as an address; only what differs from the default. */
function address(
  call: CallsCall,
  facilityId: string,
  changes: Record<string, string | number | undefined>,
): string {
  const { list, tier, capacity, sort, q, after } = call.query;
  const state: Record<string, string | number | undefined> = {
    facility: onlyFacility(call.principal) === undefined ? facilityId : undefined,
    list,
    tier,
    capacity,
    sort,
    q,
    after,
    ...changes,
  };
  const defaults: Record<string, string | number> = { list: 'due', capacity: DEFAULT_CALLS, sort: 'risk' };
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(state))
    if (value !== undefined && value !== '' && value !== defaults[name]) params.set(name, String(value));
  return params.size === 0 ? '/calls' : `/calls?${params.toString()}`;
}

function workbook(found: CallPage, list: CurrentList, today: number): Response {
  const table = worklistTable(
    found.rows,
    found.rows.map(({ facts }) => facts),
    {
      scoredDay: Math.floor(list.finishedAt.getTime() / DAY_MS),
      onDay: today,
      modelVersion: list.modelVersion,
      isFormatUnvalidated: list.isFormatUnvalidated,
    },
  );
  return new Response(worklistXlsx(table), {
    headers: {
      'content-type': XLSX,
      'content-disposition': `attachment; filename="calls-${list.facilityId.replaceAll(/[^\w.-]/gu, '_')}.xlsx"`,
      'cache-control': 'no-store',
      'x-notice': NOT_A_DIAGNOSIS,
    },
  });
}
