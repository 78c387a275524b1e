import { html, raw } from 'hono/html';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { may } from '#api/auth/principal.ts';
import { streamResponse } from '#api/http/stream-response.ts';
import type { JobSnapshot } from '#api/jobs/job-reader.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import type { JobView } from '#api/jobs/job-view.ts';
import { cancelJobRoute } from '#api/routes/cancel-job/route.ts';
import { readRejections } from '#api/routes/job-rejections/rejections.ts';
import { retryJob } from '#api/routes/retry-job/route.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { apiCall } from '../../http/api-call.ts';
import { htmlAnswer, type Markup, seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { icon } from '../../parts/icons.ts';
import { jobState } from '../../parts/job-state.ts';
import { tierBadge } from '../../parts/tier.ts';
import { page, type PageCall } from '../../page.ts';
import { inputFacts } from './understood.ts';

const REFUSALS_SHOWN = 100;
const HEARTBEAT_MS = 15_000;

type RunCall = PageCall<{ id: string }, { earlier?: string | undefined; after?: number | undefined }>;

export const runPage = page(
  {
    method: 'GET',
    path: '/runs/{id}',
    access: 'runs',
    params: jobParams,
    query: z.object({ earlier: z.string().optional(), after: z.coerce.number().int().min(0).optional() }),
  },
  async (call) => {
    const { t, deps, principal } = call;
    const { row, view } = await deps.jobs.fresh(principal.tenantId, call.params.id);
    const isOver = isTerminal(row.status);
    const refusals = await readRejections(deps.db, row.id, call.query.after ?? 0, REFUSALS_SHOWN + 1);
    if (refusals.some((one) => one.patient_id !== null))
      await recordAccess(call, {
        action: 'rejections.view',
        entity: `job/${row.id}`,
        details: { rows: refusals.length },
      });
    return await pageAnswer(call, {
      title: view.name,
      section: 'runs',
      trail: [['/runs', t('section.runs')]],
      aside: html`${t('run.by', { who: view.submitted_by, when: t.time(row.created_at) })} · ${t('run.model')}
      ${
        may(principal, 'models')
          ? html`<a href="/models/${encodeURIComponent(view.model.version)}">${view.model.version}</a>`
          : view.model.version
      }`,
      actions: actions(call, view),
      refreshSeconds: isOver ? undefined : 5,
      body: html`${call.query.earlier === undefined ? '' : html`<p class="banner" role="status">${t('run.earlier')}</p>`}
        <div
          ${isOver ? '' : raw(`data-live="/runs/${row.id}/events" data-part="/runs/${row.id}/part" aria-live="polite"`)}
        >
          ${progressPart(call, view)}
        </div>
        ${isOver ? downloads(call, view) : ''} ${refusalSection(call, view, refusals)}
        ${
          view.input === null
            ? ''
            : html`<section>
                <h2>${t('check.title')}</h2>
                ${inputFacts(call, view.input)}
              </section>`
        }`,
    });
  },
);

function actions(call: RunCall, view: JobView): Markup {
  const { t, csrf, principal } = call;
  if (!may(principal, 'submit')) return '';
  const form = (path: string, words: string, kind: string) =>
    html`<form method="post" action="/runs/${view.id}/${path}">
      <input type="hidden" name="_csrf" value="${csrf}" /><button class="${kind}">${words}</button>
    </form>`;
  if (['receiving', 'queued', 'running'].includes(view.status))
    return form('cancel', t('run.cancel'), 'danger');
  return view.chunks.quarantined > 0 ? form('retry', t('run.retry'), '') : '';
}

/** What changes while a run goes on. */
function progressPart(call: Pick<PageCall, 't'>, view: JobView): Markup {
  const { t } = call;
  const { rows } = view;
  const card = (title: string, value: Markup, small: Markup = '') =>
    html`<div class="card">
      <dt>${title}</dt>
      <dd>${value}${small === '' ? '' : html`<small>${small}</small>`}</dd>
    </div>`;
  const scored = rows.scored;
  return html`<p>
      ${jobState(t, view.status)}${view.error === null ? '' : html` · ${view.error.message} <code>${view.error.code}</code>`}
    </p>
    ${
      isTerminal(view.status)
        ? ''
        : html`<p>
            <progress max="1" value="${view.progress}" aria-label="${t('run.progress')}"></progress
            ><span class="small mute"
              >${t.percent(view.progress)}${view.eta_seconds === null ? '' : html` · ${t('run.eta', { seconds: Math.ceil(view.eta_seconds) })}`}</span
            >
          </p>`
    }
    <dl class="cards">
      ${card(t('run.received'), t.number(rows.received), rows.joined > 0 ? t('run.joined', { count: rows.joined }) : '')}${card(t('run.accepted'), t.number(rows.accepted))}${card(t('col.refused'), t.number(rows.rejected), rows.received === 0 ? '' : t.percent(rows.rejected / rows.received, 1))}${card(t('run.scored'), t.number(scored), rows.quarantined > 0 ? t('run.quarantined', { count: rows.quarantined }) : '')}${(['high', 'medium', 'low'] as const).map((tier) => card(tierBadge(t, tier) as unknown as string, t.number(view.tiers[tier]), scored === 0 ? '' : t.percent(view.tiers[tier] / scored, 1)))}
    </dl>`;
}

function downloads(call: RunCall, view: JobView): Markup {
  const { t } = call;
  const link = (path: string, words: string) =>
    html`<a class="button" href="/v1/jobs/${view.id}/${path}" download>${icon('down')}${words}</a>`;
  const hasResults = view.status === 'completed' || view.status === 'partial';
  return html`<section>
    <h2>${t('run.downloads')}</h2>
    <p class="actions">
      ${hasResults ? html`${link('worklist?format=xlsx', t('run.worklist'))}${link('results?format=csv&order=risk', t('run.results'))}` : ''}${link('not-predicted?format=xlsx', t('run.not_predicted'))}${view.rows.rejected > 0 ? link('rejections?format=csv', t('run.rejections')) : ''}
    </p>
  </section>`;
}

function refusalSection(
  call: RunCall,
  view: JobView,
  refusals: Awaited<ReturnType<typeof readRejections>>,
): Markup {
  const { t } = call;
  const codes = Object.entries(view.rejections_by_code).toSorted(([, left], [, right]) => right - left);
  if (codes.length === 0 && refusals.length === 0) return '';
  const shown = refusals.slice(0, REFUSALS_SHOWN);
  const last = shown.at(-1);
  return html`<section id="refused">
    <h2>${t('run.refused_title')}</h2>
    <div class="scroll slim" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${t('run.code')}</th>
            <th scope="col" class="num">${t('col.rows')}</th>
          </tr>
        </thead>
        <tbody>
          ${codes.map(
            ([code, count]) =>
              html`<tr>
                <th scope="row"><code>${code}</code></th>
                <td class="num">${t.number(count)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <h3>${t('run.lines')}</h3>
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col" class="num">${t('col.line')}</th>
            <th scope="col">${t('col.patient')}</th>
            <th scope="col" class="hide-s">${t('col.facility')}</th>
            <th scope="col">${t('run.reason')}</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (one) =>
              html`<tr>
                <td class="num">${one.line}${one.sheet === null ? '' : html`<small>${one.sheet}</small>`}</td>
                <td>${one.patient_id ?? '–'}</td>
                <td class="hide-s">${one.facility_id ?? '–'}</td>
                <td>
                  ${one.message}<small><code>${one.code}</code></small>
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${refusals.length > shown.length && last !== undefined ? html`<div class="pager"><a class="button" rel="next" href="/runs/${view.id}?after=${last.row}#refused">${t('pager.next')}</a></div>` : ''}
  </section>`;
}

/** The changing part alone, for those whose event stream was cut. */
export const runPart = page(
  { method: 'GET', path: '/runs/{id}/part', access: 'runs', params: jobParams },
  async (call) => {
    const { row, view } = await call.deps.jobs.get(call.principal.tenantId, call.params.id);
    return await htmlAnswer(progressPart(call, view), 200, isTerminal(row.status) ? { 'x-over': '1' } : {});
  },
);

export const runEvents = page(
  { method: 'GET', path: '/runs/{id}/events', access: 'runs', params: jobParams },
  async (call) => {
    const { deps, principal, params } = call;
    await deps.jobs.get(principal.tenantId, params.id);
    const ended = AbortSignal.any([call.signal, deps.stopping]);
    return streamResponse(
      runEventStream(call, ended),
      {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      },
      call.log,
    );
  },
);

async function* runEventStream(
  call: PageCall<{ id: string }>,
  ended: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { deps, principal, params } = call;
  let sent = '';
  while (!ended.aborted) {
    const job: JobSnapshot = await deps.jobs.waitUntil(
      principal.tenantId,
      params.id,
      ({ etag }) => etag !== sent,
      deps.clock.nowMs() + HEARTBEAT_MS,
      ended,
    );
    if (ended.aborted) return;
    if (job.etag === sent) {
      yield Buffer.from(': still here\n\n');
      continue;
    }
    sent = job.etag;
    const part = String(await progressPart(call, job.view)).replaceAll(/\s*\n\s*/gu, ' ');
    yield Buffer.from(`event: part\ndata: ${part}\n\n`);
    if (isTerminal(job.row.status)) {
      yield Buffer.from('event: over\ndata: 1\n\n');
      return;
    }
  }
}

export const cancelPost = page(
  { method: 'POST', path: '/runs/{id}/cancel', access: 'submit', params: jobParams },
  async (call) => {
    await cancelJobRoute.handle(apiCall(call, call.params, {}));
    return seeOther(`/runs/${call.params.id}`);
  },
);

export const retryPost = page(
  { method: 'POST', path: '/runs/{id}/retry', access: 'submit', params: jobParams },
  async (call) => {
    await retryJob.handle(apiCall(call, call.params, {}));
    return seeOther(`/runs/${call.params.id}`);
  },
);
