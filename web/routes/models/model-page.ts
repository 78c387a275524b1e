import { html, raw } from 'hono/html';
import { z } from 'zod';
import { may } from '#api/auth/principal.ts';
import { openShadow } from '#api/models/activations.ts';
import { modelParams, readModels } from '#api/models/model-view.ts';
import { readShadowReport, type ShadowReport } from '#api/models/shadow-report.ts';
import { readObservedPerformance } from '#shared/drift/outcome-store.ts';
import type { RollingPerformance } from '#shared/drift/rolling-performance.ts';
import { type ModelManifest, type SplitMetrics, TIERS } from '#shared/models/manifest.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { calibrationChart } from '../../parts/charts.ts';
import { page, type PageCall } from '../../page.ts';
import { modelPath, reasonFormOf } from './models-page.ts';

export const modelPage = page(
  {
    method: 'GET',
    path: '/models/{version}',
    access: 'models',
    params: modelParams,
    query: z.object({ with: z.string().max(64).optional() }),
  },
  async (call) => {
    const { t, deps, principal, params, csrf } = call;
    const model = await deps.models.modelByVersion(params.version);
    const other =
      call.query.with === undefined ? undefined : await deps.models.modelByVersion(call.query.with);
    const [[view], shadow, report, observed, all] = await Promise.all([
      readModels(deps.db, principal.tenantId, params.version),
      openShadow(deps.db, principal.tenantId),
      readShadowReport(deps, principal.tenantId, model.id),
      readObservedPerformance(deps.db, principal.tenantId, model.id),
      readModels(deps.db, principal.tenantId),
    ]);
    if (view === undefined) throw new ServiceError('model_not_found', 'There is no model of this version.');
    const { manifest } = model;
    const isShadow = shadow === params.version;
    const changes = may(principal, 'activate') && !view.active;
    return await pageAnswer(call, {
      title: `${t('run.model')} ${params.version}`,
      heading: html`${manifest.name} <small>${params.version}</small>`,
      section: 'models',
      trail: [['/models', t('section.models')]],
      aside: view.active
        ? html`<span class="state ok">${t('models.active')}</span>`
        : isShadow
          ? html`<span class="state run">${t('models.shadow')}</span>`
          : '',
      actions: html`<a class="button" href="${modelPath(params.version)}/drift">${t('models.drift')}</a>`,
      body: html`${manifest.synthetic ? html`<p class="banner">${t('models.synthetic_help')}</p>` : ''}
        <p>${manifest.intended_use}</p>
        ${headline(call, manifest)}
        ${
          changes
            ? html`<h2>${t('models.change')}</h2>
                ${reasonFormOf(call, `${modelPath(params.version)}/activate`, t('models.activate'), 'primary')}
                <form method="post" action="${modelPath(params.version)}/shadow">
                  <input type="hidden" name="_csrf" value="${csrf}" />
                  <p>
                    <button name="act" value="${isShadow ? 'stop' : 'start'}">
                      ${isShadow ? t('models.shadow_stop') : t('models.shadow_start')}
                    </button>
                  </p>
                </form>`
            : ''
        }
        ${report === undefined ? '' : shadowSection(call, report)}
        <div class="two">
          <section>
            <h2>${t('models.calibration')}</h2>
            ${calibrationChart(t, { title: t('models.calibration_test'), bins: manifest.metrics.test.at_risk.calibration })}
          </section>
          <section>
            <h2>${t('models.observed')}</h2>
            ${
              observed.n === 0
                ? html`<p class="mute">${t('models.no_outcomes')}</p>`
                : html`<p>${t('models.outcomes', { n: observed.n, interrupted: observed.interrupted })}</p>
                    ${rollingLine(call, observed.rolling)}
                    ${calibrationChart(t, { title: t('models.calibration_observed'), bins: observed.calibration.map((bin) => ({ n: bin.n, mean_predicted: bin.mean_predicted, observed: bin.observed })) })}`
            }
          </section>
        </div>
        ${compare(
          call,
          manifest,
          other?.manifest,
          all.map(({ version }) => version),
        )}
        ${subgroups(call, manifest)}
        <h2>${t('models.card')}</h2>
        <dl class="facts">
          <dt>SHA-256</dt>
          <dd><code>${model.sha256}</code></dd>
          <dt>${t('models.trained')}</dt>
          <dd>
            ${manifest.training.source},
            ${t('models.trained_on', { rows: manifest.training.rows, patients: manifest.training.patients, day: t.day(manifest.trained_at) })}
          </dd>
          <dt>LightGBM</dt>
          <dd>${manifest.lightgbm_version}, ${t('models.trees', { count: manifest.training.trees })}</dd>
          <dt>${t('models.window')}</dt>
          <dd>
            ${t('models.window_days', { days: manifest.training.window_days, grace: manifest.training.grace_days })}
          </dd>
        </dl>`,
    });
  },
);

function headline(call: Pick<PageCall, 't'>, manifest: ModelManifest): Markup {
  const { t } = call;
  const { at_risk: atRisk } = manifest.metrics.test;
  const card = (title: string, value: string, small = '') =>
    html`<div class="card">
      <dt>${title}</dt>
      <dd>${value}${small === '' ? '' : html`<small>${small}</small>`}</dd>
    </div>`;
  const tenth = atRisk.capacity?.find(({ share }) => share === 0.1);
  return html`<dl class="cards">
    ${card('AUC', atRisk.auc === null ? '–' : t.number(atRisk.auc, 3), t('models.at_risk'))}${card('PR-AUC', atRisk.pr_auc === null ? '–' : t.number(atRisk.pr_auc, 3), t('models.base_rate', { rate: t.percent(atRisk.base_rate, 1) }))}${tenth === undefined ? '' : card(t('models.top_tenth'), tenth.caught === null ? '–' : t.percent(tenth.caught), t('models.ppv', { rate: t.percent(tenth.positive_predictive_value) }))}${card(t('models.slope'), atRisk.calibration_slope === null ? '–' : t.number(atRisk.calibration_slope, 2), t('models.slope_help'))}
  </dl>`;
}

const FIGURES: readonly [string, (metrics: SplitMetrics) => number | null, number][] = [
  ['AUC', (metrics) => metrics.auc, 4],
  ['PR-AUC', (metrics) => metrics.pr_auc, 4],
  ['Brier', (metrics) => metrics.brier, 4],
  ['Log loss', (metrics) => metrics.log_loss, 4],
];

/** Two models side by side on their own test periods. */
function compare(
  call: PageCall<{ version: string }>,
  manifest: ModelManifest,
  other: ModelManifest | undefined,
  versions: readonly string[],
): Markup {
  const { t } = call;
  const others = versions.filter((version) => version !== manifest.version);
  if (others.length === 0) return '';
  return html`<h2>${t('models.compare')}</h2>
    <form class="line" method="get">
      <label
        >${t('models.with')}<select name="with">
          ${others.map((version) => html`<option ${raw(version === other?.version ? 'selected' : '')}>${version}</option>`)}
        </select></label
      ><button>${t('calls.show')}</button>
    </form>
    ${
      other === undefined
        ? ''
        : html`<table>
            <thead>
              <tr>
                <td></td>
                <th scope="col" class="num">${manifest.version}</th>
                <th scope="col" class="num">${other.version}</th>
              </tr>
            </thead>
            <tbody>
              ${FIGURES.map(([name, of, digits]) => {
                const show = (value: number | null) => (value === null ? '–' : t.number(value, digits));
                return html`<tr>
                  <th scope="row">${name}</th>
                  <td class="num">${show(of(manifest.metrics.test.at_risk))}</td>
                  <td class="num">${show(of(other.metrics.test.at_risk))}</td>
                </tr>`;
              })}
              <tr>
                <th scope="row">${t('models.features')}</th>
                <td class="num">${manifest.features.length}</td>
                <td class="num">${other.features.length}</td>
              </tr>
            </tbody>
          </table>`
    }`;
}

function subgroups(call: Pick<PageCall, 't'>, manifest: ModelManifest): Markup {
  const { t } = call;
  if (manifest.subgroups.length === 0) return '';
  const show = (value: number | null, percent: boolean) =>
    value === null
      ? html`<span class="none">${t('models.small')}</span>`
      : percent
        ? t.percent(value, 1)
        : t.number(value, 3);
  return html`<h2>${t('models.subgroups')}</h2>
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${t('models.group')}</th>
            <th scope="col" class="num">n</th>
            <th scope="col" class="num">${t('chart.observed')}</th>
            <th scope="col" class="num">${t('chart.predicted')}</th>
            <th scope="col" class="num">AUC</th>
            <th scope="col" class="num">${t('models.high_share')}</th>
          </tr>
        </thead>
        <tbody>
          ${manifest.subgroups.map(
            (group) =>
              html`<tr>
                <th scope="row">${group.group}<small>${group.dimension}</small></th>
                <td class="num">${group.n === null ? '–' : t.number(group.n)}</td>
                <td class="num">${show(group.base_rate, true)}</td>
                <td class="num">${show(group.mean_predicted, true)}</td>
                <td class="num">${show(group.auc, false)}</td>
                <td class="num">${show(group.high_share, true)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function shadowSection(call: Pick<PageCall, 't'>, report: ShadowReport): Markup {
  const { t } = call;
  const figure = (value: number | null, digits: number) => (value === null ? '–' : t.number(value, digits));
  return html`<h2>${t('models.shadow_report')}</h2>
    <p>
      ${t('models.shadow_rows', { rows: report.rows, jobs: report.jobs })} ${t('models.correlation')}:
      ${figure(report.rankCorrelation, 3)} · ${t('models.mean_difference')}:
      ${figure(report.meanAbsoluteDifference, 4)}
    </p>
    <div class="scroll" tabindex="0">
      <table>
        <caption>
          ${t('models.tier_moves')}
        </caption>
        <thead>
          <tr>
            <td></td>
            ${TIERS.toReversed().map((tier) => html`<th scope="col" class="num">${t(`tier.${tier}`)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${TIERS.toReversed().map(
            (from) =>
              html`<tr>
                <th scope="row">${t(`tier.${from}`)}</th>
                ${TIERS.toReversed().map((to) => html`<td class="num">${t.number(report.tierMoves[from][to])}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function rollingLine({ t }: Pick<PageCall, 't'>, rolling: RollingPerformance | null): Markup {
  if (rolling === null) return '';
  const [low, high] = rolling.observedExpectedInterval;
  const values = {
    from: t.day(rolling.from),
    to: t.day(rolling.to),
    n: rolling.n,
    patients: rolling.patients,
    ratio: t.number(rolling.observedExpected, 2),
    low: t.number(low, 2),
    high: t.number(high, 2),
  };
  return html`<p>${t('models.rolling', values)}</p>`;
}
