import { html } from 'hono/html';
import { readFacilities } from '#api/facilities/facilities.ts';
import { pageAnswer } from '../../layout.ts';
import { tierBar } from '../../parts/tier.ts';
import type { PageCall } from '../../page.ts';

const MOST_SHOWN = 500;
const DAY_MS = 86_400_000;

/** Somebody with several facilities chooses one; the number of high tiers tells where to begin. */
export async function facilityIndex(call: PageCall<unknown, { q?: string | undefined }>): Promise<Response> {
  const { t, deps, principal } = call;
  const facilities = await readFacilities(deps.db, principal, { search: call.query.q }, MOST_SHOWN);
  const nowMs = deps.clock.nowMs();
  const isStale = (at: Date | null) =>
    at === null || nowMs - at.getTime() > deps.config.STALE_LIST_DAYS * DAY_MS;
  return await pageAnswer(call, {
    title: t('calls.choose'),
    section: 'calls',
    body: html`<form class="line" method="get" action="/calls">
        <label
          >${t('calls.find_facility')}<input
            id="search"
            name="q"
            type="search"
            value="${call.query.q ?? ''}" /></label
        ><button>${t('calls.show')}</button>
      </form>
      ${
        facilities.length === 0
          ? html`<div class="empty">
              <p><b>${t('calls.no_facilities')}</b></p>
              <p>${t('calls.no_facilities_help')}</p>
            </div>`
          : html`<div class="scroll" tabindex="0">
              <table>
                <caption>
                  ${t('calls.facilities_count', { count: facilities.length })}
                </caption>
                <thead>
                  <tr>
                    <th scope="col">${t('col.facility')}</th>
                    <th scope="col" class="num">${t('tier.high')}</th>
                    <th scope="col" class="num hide-s">${t('tier.medium')}</th>
                    <th scope="col" class="hide-s">${t('col.tiers')}</th>
                    <th scope="col" class="num hide-s">${t('col.patients')}</th>
                    <th scope="col">${t('col.list')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${facilities.map(
                    (facility) =>
                      html`<tr data-row>
                        <th scope="row">
                          <a href="/calls?facility=${encodeURIComponent(facility.id)}">${facility.name}</a
                          ><small
                            >${[facility.lga, facility.state].filter((part) => part !== '').join(' · ')}</small
                          >
                        </th>
                        <td class="num">${t.number(facility.high)}</td>
                        <td class="num hide-s">${t.number(facility.medium)}</td>
                        <td class="hide-s">${tierBar(t, facility)}</td>
                        <td class="num hide-s">${t.number(facility.patients)}</td>
                        <td>
                          <span class="state ${isStale(facility.finishedAt) ? 'warn' : 'ok'}"
                            >${facility.finishedAt === null ? t('facility.missing') : t.ago(facility.finishedAt, nowMs)}</span
                          >
                        </td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
      }`,
  });
}
