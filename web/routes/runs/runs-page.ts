import { html, raw } from 'hono/html';
import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { jobPosition, listJobs } from '#api/jobs/list-jobs.ts';
import type { JobRow } from '#api/jobs/job-row.ts';
import { jobStatusSchema } from '#api/jobs/job-view.ts';
import { may } from '#api/auth/principal.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { icon } from '../../parts/icons.ts';
import { jobState } from '../../parts/job-state.ts';
import { page } from '../../page.ts';
import type { Translator } from '../../translate.ts';

const PAGE_ROWS = 100;

const query = z.object({
  status: jobStatusSchema.optional(),
  q: z.string().max(100).optional(),
  ended: dayParameter.optional(),
  cursor: z.string().optional(),
});

export const runsPage = page({ method: 'GET', path: '/runs', access: 'runs', query }, async (call) => {
  const { t, deps, principal, query } = call;
  const { cursor, ...asked } = query;
  const scope = ['runs-page', principal.tenantId, asked];
  const after = cursor === undefined ? undefined : deps.cursors.decode(scope, jobPosition, cursor);
  const filter = {
    tenantId: principal.tenantId,
    status: query.status,
    search: query.q,
    endedFrom: query.ended,
  };
  const found = await listJobs(deps.db, filter, after, PAGE_ROWS + 1);
  const jobs = found.slice(0, PAGE_ROWS);
  const last = jobs.at(-1);
  const next =
    found.length > jobs.length && last !== undefined
      ? `/runs?${new URLSearchParams({ ...(asked as Record<string, string>), cursor: deps.cursors.encode(scope, { at: last.created_text, id: last.id }) }).toString()}`
      : undefined;
  const nowMs = deps.clock.nowMs();
  const isFiltered = Object.values(asked).some((value) => value !== undefined);
  return await pageAnswer(call, {
    title: t('section.runs'),
    section: 'runs',
    actions: may(principal, 'submit')
      ? html`<a class="button primary" href="/runs/new">${icon('up')}${t('runs.new')}</a>`
      : '',
    body: html`<form class="line" method="get" action="/runs">
        <label
          >${t('runs.search')}<input id="search" name="q" type="search" value="${query.q ?? ''}"
        /></label>
        <label
          >${t('col.status')}<select name="status">
            <option value="">${t('runs.any')}</option>
            ${jobStatusSchema.options.map(
              (status) =>
                html`<option value="${status}" ${raw(status === query.status ? 'selected' : '')}>
                  ${t(`run.${status}`)}
                </option>`,
            )}
          </select></label
        >
        <label>${t('runs.ended_from')}<input name="ended" type="date" value="${query.ended ?? ''}" /></label>
        <button>${t('calls.show')}</button>
      </form>
      ${
        jobs.length === 0
          ? html`<div class="empty">
              <p><b>${isFiltered ? t('runs.none_found') : t('runs.none')}</b></p>
              <p>${isFiltered ? '' : t('runs.none_help', { name: deps.config.CURRENT_LIST_NAME })}</p>
            </div>`
          : html`<div class="scroll" tabindex="0">
              <table>
                <caption class="v">
                  ${t('section.runs')}
                </caption>
                <thead>
                  <tr>
                    <th scope="col">${t('col.run')}</th>
                    <th scope="col">${t('col.status')}</th>
                    <th scope="col" class="num">${t('col.rows')}</th>
                    <th scope="col" class="num">${t('col.refused')}</th>
                    <th scope="col" class="hide-s">${t('col.who')}</th>
                    <th scope="col" class="hide-s">${t('col.ended')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${jobs.map(
                    (job) =>
                      html`<tr data-row>
                        <th scope="row">
                          <a href="/runs/${job.id}">${job.name}</a><small>${job.id.slice(0, 8)}</small
                          ><small class="only-s">${t.ago(job.finished_at ?? job.created_at, nowMs)}</small>
                        </th>
                        <td>
                          ${jobState(t, job.status)}${job.error_message === null ? '' : html`<small>${job.error_message}</small>`}
                        </td>
                        <td class="num">${t.number(job.rows_accepted)}</td>
                        <td class="num">${t.number(job.rows_rejected)}</td>
                        <td class="hide-s">${job.actor}</td>
                        <td class="hide-s">${ended(t, job, nowMs)}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
      }
      ${next === undefined ? '' : html`<div class="pager"><a class="button" rel="next" href="${next}">${t('pager.next')}</a></div>`}`,
  });
});

function ended(t: Translator, job: JobRow, nowMs: number): Markup {
  if (job.finished_at === null)
    return html`<span class="none">${t('runs.began', { when: t.ago(job.created_at, nowMs) })}</span>`;
  return html`<time datetime="${job.finished_at.toISOString()}">${t.time(job.finished_at)}</time>`;
}
