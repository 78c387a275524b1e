import { html } from 'hono/html';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { may } from '#api/auth/principal.ts';
import {
  type OverviewLevel,
  type OverviewRow,
  readContactMonths,
  readOverview,
  shownCount,
  SMALL_CELL,
} from '#api/overview/overview.ts';
import { readObservedPerformance } from '#shared/drift/outcome-store.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { barChart, lineChart } from '../../parts/charts.ts';
import { tierBar } from '../../parts/tier.ts';
import { page, type PageCall } from '../../page.ts';

const query = z.object({ state: z.string().max(200).optional(), lga: z.string().max(200).optional() });
type Query = z.output<typeof query>;

export const overviewPage = page(
  { method: 'GET', path: '/overview', access: 'overview', query },
  async (call) => {
    const { t, deps, principal, query } = call;
    const level: OverviewLevel =
      query.state === undefined ? 'state' : query.lga === undefined ? 'lga' : 'facility';
    const [rows, months, model] = await Promise.all([
      readOverview(deps.db, principal, { level, ...query }, deps.config.STALE_LIST_DAYS),
      readContactMonths(deps.db, principal),
      deps.models.activeModel(principal.tenantId),
    ]);
    const observed = await readObservedPerformance(deps.db, principal.tenantId, model.id);
    await recordAccess(call, { action: 'overview.view', details: { ...query, rows: rows.length } });
    const trail: [string, string][] = query.state === undefined ? [] : [['/overview', t('section.overview')]];
    if (query.state !== undefined && query.lga !== undefined)
      trail.push([link({ state: query.state }), query.state === '' ? t('overview.no_name') : query.state]);
    const title =
      level === 'state' ? t('section.overview') : level === 'lga' ? (query.state ?? '') : (query.lga ?? '');
    return await pageAnswer(call, {
      title: title === '' ? t('overview.no_name') : title,
      section: 'overview',
      trail,
      body: html`${totals(call, rows)}${
          rows.length === 0
            ? html`<div class="empty">
                <p><b>${t('calls.no_facilities')}</b></p>
                <p>${t('calls.no_facilities_help')}</p>
              </div>`
            : table(call, level, query, rows)
        }
        <div class="two">
          <section>
            <h2>${t('overview.contacts')}</h2>
            ${
              months.every(({ contacted }) => contacted === 0)
                ? html`<p class="mute">${t('overview.no_contacts')}</p>`
                : barChart(t, {
                    title: t('overview.contacts_help'),
                    labels: months.map(({ month }) => month),
                    series: (['contacted', 'reached', 'returned'] as const).map((name) => ({
                      name: t(`overview.${name}`),
                      values: months.map((month) => shownCount(month[name])),
                    })),
                    format: (value) => t.number(value),
                  })
            }
          </section>
          <section>
            <h2>${t('overview.observed')}</h2>
            ${
              observed.months.length === 0
                ? html`<p class="mute">${t('models.no_outcomes')}</p>`
                : lineChart(t, {
                    title: t('overview.observed_help'),
                    labels: observed.months.toReversed().map(({ month }) => month),
                    series: [
                      {
                        name: t('chart.predicted'),
                        values: observed.months.toReversed().map(({ meanPredicted }) => meanPredicted),
                        isDashed: true,
                      },
                      {
                        name: t('chart.observed'),
                        values: observed.months
                          .toReversed()
                          .map(({ observedRate, n }) => (n < SMALL_CELL ? undefined : observedRate)),
                      },
                    ],
                    format: (value) => t.percent(value, 1),
                  })
            }
          </section>
        </div>`,
    });
  },
);

function link(to: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(to)) if (value !== undefined) params.set(name, value);
  return `/overview?${params.toString()}`;
}

function totals(call: PageCall, rows: readonly OverviewRow[]): Markup {
  const { t } = call;
  const sum = (of: (row: OverviewRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const stale = sum((row) => row.stale);
  const missing = sum((row) => row.missing);
  const card = (title: string, value: Markup, small: Markup = '') =>
    html`<div class="card">
      <dt>${title}</dt>
      <dd>${value}${small === '' ? '' : html`<small>${small}</small>`}</dd>
    </div>`;
  const contacted = sum((row) => row.contacted);
  const share = (count: number) => (contacted < SMALL_CELL ? '' : t.percent(count / contacted));
  return html`<dl class="cards">
    ${card(t('col.patients'), t.number(sum((row) => row.patients)), t('calls.facilities_count', { count: sum((row) => row.facilities) }))}${card(t('tier.high'), t.number(sum((row) => row.high)))}${card(t('overview.contacted'), cell(call, contacted), t('overview.last_30'))}${card(
      t('overview.reached'),
      cell(
        call,
        sum((row) => row.reached),
      ),
      share(sum((row) => row.reached)),
    )}${card(
      t('overview.returned'),
      cell(
        call,
        sum((row) => row.returned),
      ),
      share(sum((row) => row.returned)),
    )}${card(t('overview.stale'), html`<span class="state ${stale + missing > 0 ? 'warn' : 'ok'}">${t.number(stale + missing)}</span>`, t('overview.stale_help', { stale, missing }))}
  </dl>`;
}

/** The bar would tell what the cells do not. */
function isSmall(row: OverviewRow): boolean {
  return shownCount(row.high) === undefined || shownCount(row.medium) === undefined;
}

/** Small cells are told as such: it could be known whom they mean. */
function cell(call: Pick<PageCall, 't'>, count: number): Markup {
  const shown = shownCount(count);
  return shown === undefined ? html`<span class="none">&lt; ${SMALL_CELL}</span>` : call.t.number(shown);
}

function table(call: PageCall, level: OverviewLevel, query: Query, rows: readonly OverviewRow[]): Markup {
  const { t, deps } = call;
  const nowMs = deps.clock.nowMs();
  const target = (row: OverviewRow) =>
    level === 'state'
      ? link({ state: row.key })
      : level === 'lga'
        ? link({ state: query.state, lga: row.key })
        : `/calls?facility=${encodeURIComponent(row.key)}`;
  const named = (row: OverviewRow) => {
    const name = row.name === '' ? t('overview.no_name') : row.name;
    return level === 'facility' && !may(call.principal, 'calls')
      ? name
      : html`<a href="${target(row)}">${name}</a>`;
  };
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption class="v">
        ${t('section.overview')}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t(`overview.${level}`)}</th>
          <th scope="col" class="num">${t('col.patients')}</th>
          <th scope="col" class="num">${t('tier.high')}</th>
          <th scope="col" class="num hide-s">${t('tier.medium')}</th>
          <th scope="col" class="hide-s">${t('col.tiers')}</th>
          <th scope="col" class="num hide-s">${t('overview.contacted')}</th>
          <th scope="col" class="num hide-s">${t('overview.reached')}</th>
          <th scope="col" class="num hide-s">${t('overview.returned')}</th>
          <th scope="col">${t('col.list')}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr data-row>
              <th scope="row">
                ${named(row)}${level === 'facility' ? '' : html`<small>${t('calls.facilities_count', { count: row.facilities })}</small>`}
              </th>
              <td class="num">${t.number(row.patients)}</td>
              <td class="num">${cell(call, row.high)}</td>
              <td class="num hide-s">${cell(call, row.medium)}</td>
              <td class="hide-s">${isSmall(row) ? html`<span class="none">–</span>` : tierBar(t, row)}</td>
              <td class="num hide-s">${cell(call, row.contacted)}</td>
              <td class="num hide-s">${cell(call, row.reached)}</td>
              <td class="num hide-s">${cell(call, row.returned)}</td>
              <td>${listState(call, level, row, nowMs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function listState(call: Pick<PageCall, 't'>, level: OverviewLevel, row: OverviewRow, nowMs: number): Markup {
  const { t } = call;
  if (level === 'facility')
    return html`<span class="state ${row.stale + row.missing > 0 ? 'warn' : 'ok'}"
      >${row.finishedAt === null ? t('facility.missing') : t.ago(row.finishedAt, nowMs)}</span
    >`;
  return row.stale + row.missing === 0
    ? html`<span class="state ok">${t('overview.fresh')}</span>`
    : html`<span class="state warn"
        >${t('overview.stale_help', { stale: row.stale, missing: row.missing })}</span
      >`;
}
