import { html, raw } from 'hono/html';
import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { parseQuery } from '#api/http/parse-parameters.ts';
import { toServiceError, PROBLEMS } from '#api/http/problem.ts';
import { checkCohort } from '#api/routes/check-cohort/route.ts';
import { submitJob } from '#api/routes/submit-job/route.ts';
import type { JobView } from '#api/jobs/job-view.ts';
import { apiCall } from '../../http/api-call.ts';
import { htmlAnswer, type Markup, seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { icon } from '../../parts/icons.ts';
import { page, type PageCall } from '../../page.ts';
import { type Check, understood } from './understood.ts';

const ROWS_CHECKED = '2000';

const options = z.object({
  name: z.string().min(1).max(200).optional(),
  as_of: dayParameter.optional(),
  date_order: z.enum(['dmy', 'mdy', 'ymd']).optional(),
  allow_stale: z.enum(['true', 'false']).optional(),
  ignore_unknown: z.enum(['true', 'false']).optional(),
});
type Options = z.output<typeof options>;

/** Fields of the page that the calls understand; the rest of the address is the page's own. */
function jobQuery(given: Options): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value !== undefined) params.set(name, value);
  return params;
}

export const newRunPage = page(
  { method: 'GET', path: '/runs/new', access: 'submit', query: options },
  async (call) => await newRun(call, call.query, ''),
);

/**
 * What would be understood of a file. A script sends the bytes and gets a part; without script the form sends the file, and
 * the page comes back with the answer above the form.
 */
export const checkPost = page(
  {
    method: 'POST',
    path: '/runs/check',
    access: 'submit',
    query: options.extend({ _csrf: z.string().optional() }),
    form: 'upload',
  },
  async (call) => {
    const { _csrf, name: _name, ...given } = call.query;
    const params = jobQuery(given);
    params.set('rows', ROWS_CHECKED);
    let part: Markup;
    let status = 200;
    try {
      const answer = await checkCohort.handle(apiCall(call, {}, parseQuery(checkCohort.query, params)));
      part = understood(call, (await answer.json()) as Check);
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (PROBLEMS[error.code].status >= 500) throw thrown;
      ({ status } = PROBLEMS[error.code]);
      part = refusal(call, error);
    }
    return call.isFragment ? await htmlAnswer(part, status) : await newRun(call, call.query, part);
  },
);

export const submitPost = page(
  {
    method: 'POST',
    path: '/runs',
    access: 'submit',
    query: options.extend({ _csrf: z.string().optional() }),
    form: 'upload',
  },
  async (call) => {
    const { _csrf, ...given } = call.query;
    try {
      const query = parseQuery(submitJob.query, jobQuery(given));
      const answer = await submitJob.handle(apiCall(call, {}, query));
      const job = (await answer.json()) as JobView;
      const replayed = answer.headers.has('idempotency-replayed') ? '?earlier=1' : '';
      const location = `/runs/${job.id}${replayed}`;
      if (!call.isFragment) return seeOther(location);
      return Response.json({ location }, { headers: { 'cache-control': 'no-store' } });
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (PROBLEMS[error.code].status >= 500 && error.code !== 'overloaded') throw thrown;
      const part = refusal(call, error);
      return call.isFragment
        ? await htmlAnswer(part, PROBLEMS[error.code].status)
        : await newRun(call, call.query, part);
    }
  },
);

function refusal(
  call: Pick<PageCall, 't'>,
  error: {
    code: string;
    message: string;
    line: number | undefined;
    field: string | undefined;
    details: Record<string, unknown>;
  },
): Markup {
  const { t } = call;
  const lists = Object.entries(error.details).flatMap(([name, value]) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? [[name, value] as const] : [],
  );
  return html`<div class="banner bad" role="alert">
    <b>${t('new.refused')}</b>
    <p>${error.message}${error.line === undefined ? '' : html` (${t('col.line')} ${error.line})`}</p>
    ${lists.map(([, values]) => html`<p><code>${values.slice(0, 30).join(', ')}</code></p>`)}
    <small>${error.code}</small>
  </div>`;
}

async function newRun(call: PageCall, given: Options, answer: Markup): Promise<Response> {
  const { t, csrf, deps } = call;
  const params = jobQuery({ ...given, name: given.name ?? deps.config.CURRENT_LIST_NAME });
  params.set('_csrf', csrf);
  const action = (path: string) => `${path}?${params.toString()}`;
  return await pageAnswer(call, {
    title: t('new.title'),
    section: 'runs',
    trail: [['/runs', t('section.runs')]],
    body: html`<div id="answer" aria-live="polite">${answer}</div>
      <form
        id="upload"
        method="post"
        enctype="multipart/form-data"
        action="${action('/runs')}"
        data-csrf="${csrf}"
        data-sending="${t('new.sending')}"
        data-cut="${t('new.cut')}"
        data-checking="${t('new.checking')}"
      >
        <div class="drop" id="drop">
          ${icon('up')}
          <label
            ><b>${t('new.choose')}</b
            ><input
              type="file"
              name="file"
              required
              accept=".csv,.tsv,.txt,.xlsx,.json,.ndjson,.jsonl,.gz,.zst"
          /></label>
          <span class="small mute">${t('new.formats')}</span>
        </div>
        <p id="progress" hidden>
          <progress max="1" value="0" aria-label="${t('new.progress')}"></progress><span></span>
        </p>
        <p class="actions">
          <button formaction="${action('/runs/check')}" id="check">${icon('search')}${t('new.check')}</button>
          <button class="primary" id="send">${icon('up')}${t('new.send')}</button>
        </p>
      </form>
      <details class="filters" ${raw(Object.keys(given).some((name) => name !== '_csrf') ? 'open' : '')}>
        <summary>${t('new.options')}</summary>
        <form class="line" method="get" action="/runs/new" id="options">
          <label
            >${t('new.name')}<input
              name="name"
              maxlength="200"
              value="${given.name ?? deps.config.CURRENT_LIST_NAME}"
            /><small>${t('new.name_help', { name: deps.config.CURRENT_LIST_NAME })}</small></label
          >
          <label>${t('new.as_of')}<input name="as_of" type="date" value="${given.as_of ?? ''}" /></label>
          <label
            >${t('new.date_order')}<select name="date_order">
              <option value="">${t('new.found_out')}</option>
              ${(['dmy', 'mdy', 'ymd'] as const).map(
                (order) =>
                  html`<option value="${order}" ${raw(order === given.date_order ? 'selected' : '')}>
                    ${t(`order.${order}`)}
                  </option>`,
              )}
            </select></label
          >
          <label class="tick"
            ><input
              type="checkbox"
              name="allow_stale"
              value="true"
              ${raw(given.allow_stale === 'true' ? 'checked' : '')}
            />${t('new.allow_stale')}</label
          >
          <label class="tick"
            ><input
              type="checkbox"
              name="ignore_unknown"
              value="true"
              ${raw(given.ignore_unknown === 'true' ? 'checked' : '')}
            />${t('new.ignore_unknown')}</label
          >
          <button>${t('new.apply')}</button>
        </form>
      </details>`,
  });
}
