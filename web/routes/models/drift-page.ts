import { html } from 'hono/html';
import { z } from 'zod';
import { may } from '#api/auth/principal.ts';
import { acknowledge } from '#api/models/acknowledge-drift.ts';
import { modelParams } from '#api/models/model-view.ts';
import { featureByName } from '#patients/features/features.ts';
import { type DriftHistogram, readDriftHistograms } from '#shared/drift/drift-histograms.ts';
import { readModelDrift } from '#shared/drift/drift-store.ts';
import { driftThresholds } from '#shared/drift/thresholds.ts';
import { apiCall } from '../../http/api-call.ts';
import { type Markup, seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { binChart } from '../../parts/charts.ts';
import { page, type PageCall } from '../../page.ts';
import { modelPath } from './models-page.ts';

const CHARTS_SHOWN = 12;
const ALARMS_SHOWN = 50;

export const driftPage = page(
  { method: 'GET', path: '/models/{version}/drift', access: 'models', params: modelParams },
  async (call) => {
    const { t, deps, principal, params } = call;
    const model = await deps.models.modelByVersion(params.version);
    const thresholds = driftThresholds(deps.config);
    const days = deps.config.DRIFT_WINDOW_DAYS;
    const [drift, histograms] = await Promise.all([
      readModelDrift(deps.db, principal.tenantId, model, thresholds, days),
      readDriftHistograms(deps.db, principal.tenantId, model, days),
    ]);
    const indices = Object.fromEntries(
      Object.entries(drift.window?.findings ?? {}).map(([name, { index }]) => [name, index]),
    );
    const byIndex = histograms.toSorted((a, b) => (indices[b.name] ?? 0) - (indices[a.name] ?? 0));
    const shown = [
      ...byIndex.filter(({ name }) => name === 'score'),
      ...byIndex.filter(({ name }) => name !== 'score'),
    ].slice(0, CHARTS_SHOWN);
    return await pageAnswer(call, {
      title: `${t('models.drift')} ${params.version}`,
      section: 'models',
      trail: [
        ['/models', t('section.models')],
        [modelPath(params.version), params.version],
      ],
      body:
        drift.window === undefined && drift.jobs.length === 0 && drift.alarms.length === 0
          ? html`<div class="empty">
              <p><b>${t('drift.none')}</b></p>
              <p>${t('drift.none_help', { days })}</p>
            </div>`
          : html`<p class="banner ${drift.detected ? 'bad' : 'good'}">
                ${drift.detected ? t('drift.detected') : t('drift.not_detected')}
                ${t('drift.window', { rows: drift.window?.rows ?? 0, days })}
              </p>
              ${alarmTable(call, drift.alarms)} ${indexTable(call, byIndex, indices, thresholds.featurePsi)}
              <h2>${t('drift.histograms')}</h2>
              <div class="two">
                ${shown.map((histogram) => chart(call, histogram, indices[histogram.name] ?? 0))}
              </div>
              ${jobTable(call, drift.jobs)}`,
    });
  },
);

function alarmTable(
  call: PageCall<{ version: string }>,
  alarms: Awaited<ReturnType<typeof readModelDrift>>['alarms'],
): Markup {
  const { t, principal, csrf, params } = call;
  if (alarms.length === 0) return '';
  const stands = alarms.some(({ acknowledgedAt }) => acknowledgedAt === null);
  return html`<h2>${t('drift.alarms')}</h2>
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${t('drift.feature')}</th>
            <th scope="col">${t('col.facility')}</th>
            <th scope="col" class="num">${t('drift.share_then')}</th>
            <th scope="col" class="num">${t('drift.share_now')}</th>
            <th scope="col">${t('drift.seen')}</th>
            <th scope="col">${t('col.status')}</th>
          </tr>
        </thead>
        <tbody>
          ${alarms.slice(0, ALARMS_SHOWN).map(
            (alarm) =>
              html`<tr>
                <th scope="row">${nameOf(call, alarm.subject)}</th>
                <td>${alarm.facilityId ?? t('drift.whole')}</td>
                <td class="num">${t.percent(alarm.finding.expected, 1)}</td>
                <td class="num">${t.percent(alarm.finding.observed, 1)}</td>
                <td><a href="/runs/${alarm.lastJobId}">${t.time(alarm.seenAt)}</a></td>
                <td>
                  ${alarm.acknowledgedAt === null ? html`<span class="state bad">${t('drift.stands')}</span>` : html`${alarm.acknowledgedBy}<small>${alarm.reason}</small>`}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      stands && may(principal, 'activate')
        ? html`<form class="line" method="post" action="${modelPath(params.version)}/drift">
            <input type="hidden" name="_csrf" value="${csrf}" />
            <label
              >${t('models.reason')}<input name="reason" required minlength="5" maxlength="500" size="40"
            /></label>
            <button name="act" value="mended">${t('drift.mended')}</button>
            <button name="act" value="expected">${t('drift.expected')}</button>
          </form>`
        : ''
    }`;
}

export const driftPost = page(
  {
    method: 'POST',
    path: '/models/{version}/drift',
    access: 'activate',
    params: modelParams,
    form: z.object({ reason: z.string().trim().min(5).max(500), act: z.enum(['mended', 'expected']) }),
  },
  async (call) => {
    const { reason, act } = call.form;
    await acknowledge(apiCall(call, call.params, {}), { reason, expected: act === 'expected' });
    return seeOther(`${modelPath(call.params.version)}/drift`);
  },
);

function nameOf(call: Pick<PageCall, 't'>, feature: string): string {
  return feature === 'score' ? call.t('col.risk') : (featureByName(feature)?.words.label ?? feature);
}

function indexTable(
  call: Pick<PageCall, 't'>,
  histograms: readonly DriftHistogram[],
  indices: Record<string, number>,
  limit: number,
): Markup {
  const { t } = call;
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption>
        ${t('drift.index_help', { limit: t.number(limit, 2) })}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t('drift.feature')}</th>
          <th scope="col" class="num">PSI</th>
          <th scope="col">${t('col.status')}</th>
          <th scope="col" class="num hide-s">${t('drift.missing_then')}</th>
          <th scope="col" class="num hide-s">${t('drift.missing_now')}</th>
        </tr>
      </thead>
      <tbody>
        ${histograms.slice(0, 15).map((histogram) => {
          const index = indices[histogram.name] ?? 0;
          const share = (missing: number, counts: readonly number[]) => {
            const total = missing + counts.reduce((sum, count) => sum + count, 0);
            return total === 0 ? '–' : t.percent(missing / total, 1);
          };
          const mood = index >= limit ? 'bad' : index >= limit / 2 ? 'warn' : 'ok';
          return html`<tr>
            <th scope="row">
              ${nameOf(call, histogram.name)}<small><code>${histogram.name}</code></small>
            </th>
            <td class="num">${t.number(index, 3)}</td>
            <td><span class="state ${mood}">${t(`drift.${mood}`)}</span></td>
            <td class="num hide-s">${share(histogram.expectedMissing, histogram.expected)}</td>
            <td class="num hide-s">${share(histogram.observedMissing, histogram.observed)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

function chart(call: Pick<PageCall, 't'>, histogram: DriftHistogram, index: number): Markup {
  const { t } = call;
  const shares = (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => (total === 0 ? 0 : count / total));
  };
  const edge = (value: number) => String(Math.round(value * 100) / 100);
  const labels = histogram.expected.map((_, at) =>
    at === 0
      ? `≤ ${edge(histogram.edges[0] ?? 0)}`
      : at === histogram.edges.length
        ? `> ${edge(histogram.edges.at(-1) ?? 0)}`
        : `≤ ${edge(histogram.edges[at] ?? 0)}`,
  );
  return binChart(t, {
    title: `${nameOf(call, histogram.name)} · PSI ${t.number(index, 3)}`,
    labels,
    series: [
      { name: t('drift.training'), values: shares(histogram.expected) },
      { name: t('drift.now'), values: shares(histogram.observed) },
    ],
    format: (value) => t.percent(value),
  });
}

function jobTable(
  call: Pick<PageCall, 't'>,
  jobs: Awaited<ReturnType<typeof readModelDrift>>['jobs'],
): Markup {
  const { t } = call;
  return html`<h2>${t('drift.jobs')}</h2>
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${t('col.ended')}</th>
            <th scope="col" class="num">${t('col.rows')}</th>
            <th scope="col" class="num">${t('drift.score')}</th>
            <th scope="col">${t('drift.drifted')}</th>
          </tr>
        </thead>
        <tbody>
          ${jobs.map(
            (job) =>
              html`<tr>
                <th scope="row"><a href="/runs/${job.jobId}">${t.time(job.finishedAt)}</a></th>
                <td class="num">${t.number(job.rowCount)}</td>
                <td class="num">${t.number(job.score, 3)}</td>
                <td>${job.drifted.length === 0 ? '–' : job.drifted.join(', ')}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
