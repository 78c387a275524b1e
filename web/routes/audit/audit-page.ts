import { html, raw } from 'hono/html';
import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import type { AuditRecord } from '#api/audit/audit-records.ts';
import { parseQuery } from '#api/http/parse-parameters.ts';
import { auditEvents } from '#api/routes/audit-events/route.ts';
import { auditRecords } from '#api/routes/audit-records/route.ts';
import { apiCall } from '../../http/api-call.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { icon } from '../../parts/icons.ts';
import { tierBadge } from '../../parts/tier.ts';
import { page, type PageCall } from '../../page.ts';

const PAGE_ROWS = '100';

const query = z.object({
  view: z.enum(['scores', 'events']).default('scores'),
  patient: z.string().max(64).optional(),
  job: z.guid().optional(),
  actor: z.string().max(200).optional(),
  action: z.string().max(100).optional(),
  from: dayParameter.optional(),
  to: dayParameter.optional(),
  cursor: z.string().optional(),
});
type Query = z.output<typeof query>;
type AuditCall = PageCall<unknown, Query>;

type Event = {
  id: string;
  recorded_at: string;
  actor: string;
  network_address: string | null;
  action: string;
  outcome: 'success' | 'refused' | 'failure';
  entity: string | null;
  details: Record<string, unknown>;
};

/** Both lists come from the API's own routes: what an auditor sees here is what a script gets there. */
export const auditPage = page({ method: 'GET', path: '/audit', access: 'audit', query }, async (call) => {
  const { t, query } = call;
  const params = new URLSearchParams({ limit: PAGE_ROWS });
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) params.set(name, value);
  };
  add('actor', query.actor);
  add('from', query.from === undefined ? undefined : `${query.from}T00:00:00Z`);
  add('to', query.to === undefined ? undefined : `${query.to}T23:59:59Z`);
  add('cursor', query.cursor);
  const isScores = query.view === 'scores';
  if (isScores) {
    add('patient_id', query.patient);
    add('job_id', query.job);
  } else {
    add('action', query.action);
    add('entity', query.patient === undefined ? undefined : `patient/${query.patient}`);
  }
  const route = isScores ? auditRecords : auditEvents;
  const answer = (await (await route.handle(apiCall(call, {}, parseQuery(route.query, params)))).json()) as {
    records?: AuditRecord[];
    events?: Event[];
    next_cursor: string | null;
  };
  const tab = (view: Query['view'], words: string) =>
    html`<a href="/audit?view=${view}" ${raw(view === query.view ? 'aria-current="page"' : '')}>${words}</a>`;
  params.delete('cursor');
  return await pageAnswer(call, {
    title: t('section.audit'),
    section: 'audit',
    actions: html`<a class="button" href="/v1/audit${isScores ? '' : '/events'}?${params.toString()}" download
      >${icon('down')}JSON</a
    >`,
    body: html`<nav class="tabs" aria-label="${t('section.audit')}">
        ${tab('scores', t('audit.scores'))}${tab('events', t('audit.events'))}
      </nav>
      ${filters(call)} ${isScores ? scores(call, answer.records ?? []) : events(call, answer.events ?? [])}
      ${answer.next_cursor === null ? '' : html`<div class="pager"><a class="button" rel="next" href="${nextPage(query, answer.next_cursor)}">${t('pager.next')}</a></div>`}`,
  });
});

function nextPage(query: Query, cursor: string): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, cursor }))
    if (value !== undefined) params.set(name, value);
  return `/audit?${params.toString()}`;
}

function filters(call: AuditCall): Markup {
  const { t, query } = call;
  return html`<form class="line" method="get" action="/audit">
    <input type="hidden" name="view" value="${query.view}" />
    <label
      >${t('col.patient')}<input
        id="search"
        name="patient"
        value="${query.patient ?? ''}"
        autocomplete="off"
        spellcheck="false"
    /></label>
    <label>${t('col.who')}<input name="actor" value="${query.actor ?? ''}" /></label>
    ${query.view === 'events' ? html`<label>${t('audit.action')}<input name="action" value="${query.action ?? ''}" placeholder="patient.view" /></label>` : ''}
    <label>${t('audit.from')}<input name="from" type="date" value="${query.from ?? ''}" /></label>
    <label>${t('audit.to')}<input name="to" type="date" value="${query.to ?? ''}" /></label>
    <button>${t('calls.show')}</button>
  </form>`;
}

function none(call: AuditCall): Markup {
  return html`<div class="empty">
    <p><b>${call.t('audit.none')}</b></p>
  </div>`;
}

function scores(call: AuditCall, records: readonly AuditRecord[]): Markup {
  const { t } = call;
  if (records.length === 0) return none(call);
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption class="v">
        ${t('audit.scores')}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t('audit.when')}</th>
          <th scope="col">${t('col.patient')}</th>
          <th scope="col">${t('col.risk')}</th>
          <th scope="col" class="hide-s">${t('audit.model')}</th>
          <th scope="col">${t('col.who')}</th>
          <th scope="col"><span class="v">${t('audit.record')}</span></th>
        </tr>
      </thead>
      <tbody>
        ${records.map(
          (record) =>
            html`<tr data-row>
              <td>${t.time(new Date(record.recorded_at))}</td>
              <th scope="row">${record.patient_id ?? '—'}</th>
              <td>${tierBadge(t, record.tier)} ${t.percent(record.risk, 1)}</td>
              <td class="hide-s">${record.model.version}</td>
              <td>${record.actor}<small>${t(`audit.${record.source}`)}</small></td>
              <td>
                ${
                  // Of an erased patient there is nothing more to show.
                  record.patient_id === null
                    ? ''
                    : html`<a
                        href="/audit/${record.job_id}/${record.row}?patient=${encodeURIComponent(record.patient_id)}"
                        >${t('audit.record')}</a
                      >`
                }
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function events(call: AuditCall, list: readonly Event[]): Markup {
  const { t } = call;
  if (list.length === 0) return none(call);
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption class="v">
        ${t('audit.events')}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t('audit.when')}</th>
          <th scope="col">${t('col.who')}</th>
          <th scope="col">${t('audit.action')}</th>
          <th scope="col">${t('audit.entity')}</th>
          <th scope="col" class="hide-s">${t('audit.details')}</th>
        </tr>
      </thead>
      <tbody>
        ${list.map(
          (event) =>
            html`<tr data-row>
              <td>${t.time(new Date(event.recorded_at))}</td>
              <th scope="row">${event.actor}<small>${event.network_address ?? ''}</small></th>
              <td>
                <span
                  class="state ${event.outcome === 'success' ? 'ok' : event.outcome === 'refused' ? 'warn' : 'bad'}"
                  >${event.action}</span
                ><small>${t(`outcome.${event.outcome}`)}</small>
              </td>
              <td>${event.entity ?? '–'}</td>
              <td class="hide-s"><code>${detailsOf(event)}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function detailsOf(event: Event): string {
  const { request_id: _request, forwarded_for: _claim, ...rest } = event.details;
  return Object.entries(rest)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
    .slice(0, 300);
}
