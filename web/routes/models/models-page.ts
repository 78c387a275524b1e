import { html } from 'hono/html';
import { z } from 'zod';
import { may } from '#api/auth/principal.ts';
import { openShadow, readActivations } from '#api/models/activations.ts';
import { modelParams, type ModelView, readModels } from '#api/models/model-view.ts';
import { activateModel } from '#api/routes/activate-model/route.ts';
import { rollbackModel } from '#api/routes/rollback-model/route.ts';
import { startShadow, stopShadow } from '#api/routes/shadow-model/route.ts';
import { apiCall } from '../../http/api-call.ts';
import { type Markup, seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { page, type PageCall } from '../../page.ts';

const reasonForm = z.object({ reason: z.string().trim().min(5).max(500) });

export const modelsPage = page({ method: 'GET', path: '/models', access: 'models' }, async (call) => {
  const { t, deps, principal } = call;
  const [models, activations, shadow] = await Promise.all([
    readModels(deps.db, principal.tenantId),
    readActivations(deps.db, principal.tenantId),
    openShadow(deps.db, principal.tenantId),
  ]);
  const mayChange = may(principal, 'activate');
  return await pageAnswer(call, {
    title: t('section.models'),
    section: 'models',
    body: html`${
        models.length === 0
          ? html`<div class="empty">
              <p><b>${t('models.none')}</b></p>
            </div>`
          : html`<div class="scroll" tabindex="0">
              <table>
                <caption class="v">
                  ${t('section.models')}
                </caption>
                <thead>
                  <tr>
                    <th scope="col">${t('models.version')}</th>
                    <th scope="col">${t('col.status')}</th>
                    <th scope="col" class="num">${t('models.features')}</th>
                    <th scope="col" class="hide-s">${t('models.cutoffs')}</th>
                    <th scope="col" class="hide-s">${t('models.registered')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${models.map((model) => modelRow(call, model, shadow))}
                </tbody>
              </table>
            </div>`
      }
      ${
        mayChange && activations.some(({ version }) => version !== activations[0]?.version)
          ? html`<h2>${t('models.rollback')}</h2>
              <p>${t('models.rollback_help')}</p>
              ${reasonFormOf(call, '/models/rollback', t('models.rollback'), 'danger')}`
          : ''
      }
      <h2>${t('models.history')}</h2>
      <div class="scroll" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">${t('models.from')}</th>
              <th scope="col">${t('models.version')}</th>
              <th scope="col">${t('col.who')}</th>
            </tr>
          </thead>
          <tbody>
            ${activations.map(
              ({ version, activatedAt, activatedBy }) =>
                html`<tr>
                  <td>${t.time(activatedAt)}</td>
                  <th scope="row"><a href="${modelPath(version)}">${version}</a></th>
                  <td>${activatedBy}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`,
  });
});

export function modelPath(version: string): string {
  return `/models/${encodeURIComponent(version)}`;
}

function modelRow(call: PageCall, model: ModelView, shadow: string | undefined): Markup {
  const { t } = call;
  const state = model.active
    ? html`<span class="state ok">${t('models.active')}</span>`
    : model.version === shadow
      ? html`<span class="state run">${t('models.shadow')}</span>`
      : html`<span class="none">–</span>`;
  return html`<tr data-row>
    <th scope="row">
      <a href="${modelPath(model.version)}">${model.version}</a
      ><small>${model.name ?? ''}${model.synthetic === true ? html` · ${t('models.synthetic')}` : ''}</small>
    </th>
    <td>${state}</td>
    <td class="num">${t.number(model.features)}</td>
    <td class="hide-s">
      ${model.tiers === null ? '–' : html`${t('tier.medium')} ${t.percent(model.tiers.medium, 1)} · ${t('tier.high')} ${t.percent(model.tiers.high, 1)}`}
    </td>
    <td class="hide-s">${t.day(model.created_at)}<small>${model.created_by}</small></td>
  </tr>`;
}

/** A change of what scores patients asks for its reason. */
export function reasonFormOf(
  call: Pick<PageCall, 't' | 'csrf'>,
  action: string,
  words: string,
  kind: string,
): Markup {
  const { t, csrf } = call;
  return html`<form class="line" method="post" action="${action}">
    <input type="hidden" name="_csrf" value="${csrf}" />
    <label
      >${t('models.reason')}<input name="reason" required minlength="5" maxlength="500" size="40"
    /></label>
    <button class="${kind}">${words}</button>
  </form>`;
}

export const rollbackPost = page(
  { method: 'POST', path: '/models/rollback', access: 'activate', form: reasonForm },
  async (call) => {
    await rollbackModel.handle(apiCall(call, {}, { reason: call.form.reason }));
    return seeOther('/models');
  },
);

export const activatePost = page(
  {
    method: 'POST',
    path: '/models/{version}/activate',
    access: 'activate',
    params: modelParams,
    form: reasonForm,
  },
  async (call) => {
    await activateModel.handle(apiCall(call, call.params, { reason: call.form.reason }));
    return seeOther(modelPath(call.params.version));
  },
);

export const shadowPost = page(
  {
    method: 'POST',
    path: '/models/{version}/shadow',
    access: 'activate',
    params: modelParams,
    form: z.object({ act: z.enum(['start', 'stop']) }),
  },
  async (call) => {
    const route = call.form.act === 'start' ? startShadow : stopShadow;
    await route.handle(apiCall(call, call.params, {}));
    return seeOther(modelPath(call.params.version));
  },
);
