import { html } from 'hono/html';
import { z } from 'zod';
import { type AuditRecord, readAuditRecords } from '#api/audit/audit-records.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { type CallRow, findCallRow } from '#api/calls/call-list.ts';
import { dayIn } from '#api/calls/standing.ts';
import { CONTACT_RESULTS, contactsOf } from '#api/contacts/contacts.ts';
import { onlyFacility } from '#api/facilities/choose.ts';
import type { Facility } from '#api/facilities/facilities.ts';
import { nextStep, type PersonReason } from '#patients/features/people-reasons.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { lineChart } from '../../parts/charts.ts';
import { formatNotice } from '../../parts/format-notice.ts';
import { tierBadge } from '../../parts/tier.ts';
import { page, type PageCall } from '../../page.ts';
import { filedUnder, said, whoTheyAre } from './call-row.ts';
import { openFacility } from './calls-page.ts';

const SCORES_SHOWN = 60;

export const patientPage = page(
  {
    method: 'GET',
    path: '/calls/{patient}',
    access: 'calls',
    params: z.object({ patient: z.string().min(1).max(64) }),
    query: z.object({ facility: z.string().max(64).optional() }),
  },
  async (call) => {
    const { deps, principal, params, t } = call;
    const facilityId = call.query.facility ?? onlyFacility(principal);
    if (facilityId === undefined) throw new ServiceError('not_found', t('patient.needs_facility'));
    const { facility, list } = await openFacility(call, facilityId);
    const today = dayIn(t.timeZone, deps.clock.nowMs());
    const row =
      list === undefined
        ? undefined
        : await findCallRow(deps, principal.tenantId, list, params.patient, today, call.signal);
    if (list === undefined || row === undefined)
      throw new ServiceError('not_found', t('patient.not_on_list'));
    const filter = {
      tenantId: principal.tenantId,
      patientId: params.patient,
      jobId: undefined,
      actor: undefined,
      model: undefined,
      from: undefined,
      to: undefined,
    };
    const [scores, contacts] = await Promise.all([
      readAuditRecords(deps.db, filter, undefined, SCORES_SHOWN),
      contactsOf(deps.db, {
        tenantId: principal.tenantId,
        patientId: params.patient,
        facilities: principal.facilities,
      }),
    ]);
    await recordAccess(call, {
      action: 'patient.view',
      entity: `patient/${params.patient}`,
      details: { facility_id: facilityId, job_id: list.jobId },
    });
    const { manifest } = await deps.models.modelByVersion(list.modelVersion);
    const back =
      onlyFacility(principal) === undefined ? `/calls?facility=${encodeURIComponent(facilityId)}` : '/calls';
    return await pageAnswer(call, {
      title: params.patient,
      section: 'calls',
      trail: [[back, facility.name]],
      aside: html`${whoTheyAre(t, row.facts)}${filedUnder(t, row.facts)}`,
      actions: emrLink(call, params.patient),
      body: html`${formatNotice(call, list)}${cards(call, row)}
        <div class="two">
          <section>
            <h2>${t('patient.why')}</h2>
            ${reasonLists(call, row)}
            <h2>${t('patient.history')}</h2>
            ${history(
              call,
              scores.map(({ record }) => record),
              manifest.tiers,
            )}
          </section>
          <section id="contacts">
            <h2>${t('patient.contacts')}</h2>
            ${contactForm(call, facility, params.patient)}
            ${
              contacts.length === 0
                ? html`<p class="mute">${t('patient.no_contacts')}</p>`
                : html`<ul class="plain">
                    ${contacts.map((contact) => html`<li>${said(t, contact)}</li>`)}
                  </ul>`
            }
          </section>
        </div>`,
    });
  },
);

function emrLink(call: PageCall<{ patient: string }>, patientId: string): Markup {
  const template = call.deps.config.EMR_PATIENT_URL;
  if (template === undefined) return '';
  const address = template.replaceAll('{patient_id}', encodeURIComponent(patientId));
  return html`<a class="button" href="${address}" rel="noreferrer">${call.t('patient.emr')}</a>`;
}

function cards(call: Pick<PageCall, 't'>, row: CallRow): Markup {
  const { t } = call;
  const { facts } = row;
  const card = (title: string, value: Markup, small: Markup = '') =>
    html`<div class="card">
      <dt>${title}</dt>
      <dd>${value}${small === '' ? '' : html`<small>${small}</small>`}</dd>
    </div>`;
  const due =
    row.dueDay === undefined || row.daysToDue === undefined || row.daysLeft === undefined
      ? card(t('patient.due'), '–')
      : card(
          t('patient.due'),
          t.day(row.dueDay),
          row.daysToDue >= 0
            ? t('patient.due_in', { count: row.daysToDue })
            : row.daysLeft >= 0
              ? html`${t('patient.days_late', { count: -row.daysToDue })} ·
                ${t('patient.days_left', { count: row.daysLeft })}`
              : t('patient.days_late', { count: -row.daysToDue }),
        );
  return html`<dl class="cards">
    ${card(t('col.risk'), html`${tierBadge(t, row.tier)} ${t.percent(row.risk)}`, t('patient.risk_help'))}${due}${card(
      t('col.last'),
      facts.lastPickupDay === undefined ? '–' : t.day(facts.lastPickupDay),
      facts.lastSupplyDays === undefined ? '' : t('patient.supply', { count: facts.lastSupplyDays }),
    )}${card(
      t('patient.viral_load'),
      facts.viralLoad === undefined ? '–' : t.number(facts.viralLoad),
      facts.viralLoadDay === undefined ? '' : t.day(facts.viralLoadDay),
    )}${facts.serviceDelivery === undefined ? '' : card(t('patient.delivery'), facts.serviceDelivery)}
  </dl>`;
}

function reasonLists(call: Pick<PageCall, 't'>, row: CallRow): Markup {
  const { t } = call;
  const list = (title: string, reasons: readonly PersonReason[]) =>
    reasons.length === 0
      ? ''
      : html`<h3>${title}</h3>
          <ul>
            ${reasons.map(({ key, values }) => html`<li>${t(key, values)}</li>`)}
          </ul>`;
  const step = html`<h3>${t('patient.step')}</h3>
    <p>${t(nextStep(row.facts.raising, row.daysToDue))}</p>`;
  if (row.facts.raising.length + row.facts.lowering.length === 0)
    return html`<p class="mute">${t('patient.no_reasons')}</p>
      ${step}`;
  return html`${list(t('patient.raising'), row.facts.raising)}${list(t('patient.lowering'), row.facts.lowering)}${step}`;
}

function history(
  call: Pick<PageCall, 't'>,
  scores: readonly AuditRecord[],
  cutoffs: { medium: number; high: number },
): Markup {
  const { t } = call;
  const inOrder = scores.toReversed();
  const [only] = inOrder;
  if (only === undefined) return '';
  if (inOrder.length === 1)
    return html`<p class="mute">
      ${t('patient.one_score', { risk: t.percent(only.risk), when: t.time(new Date(only.recorded_at)) })}
    </p>`;
  return lineChart(t, {
    title: t('patient.history_title', { count: scores.length }),
    labels: inOrder.map((score) => t.shortDay(score.recorded_at)),
    series: [{ name: t('col.risk'), values: inOrder.map((score) => score.risk) }],
    max: Math.min(1, cutoffs.high * 1.6),
    format: (value) => t.percent(value),
    marks: [
      { value: cutoffs.high, name: t('tier.high') },
      { value: cutoffs.medium, name: t('tier.medium') },
    ],
  });
}

function contactForm(call: PageCall<{ patient: string }>, facility: Facility, patientId: string): Markup {
  const { t, csrf } = call;
  const today = isoDateOf(dayIn(t.timeZone, call.deps.clock.nowMs()));
  return html`<form class="stack" method="post" action="/contacts">
    <input type="hidden" name="_csrf" value="${csrf}" /><input
      type="hidden"
      name="facility"
      value="${facility.id}"
    /><input type="hidden" name="patient" value="${patientId}" />
    <label
      >${t('contact.result')}<select name="result" required>
        <option value="">${t('contact.choose')}</option>
        ${CONTACT_RESULTS.map((result) => html`<option value="${result}">${t(`contact.${result}`)}</option>`)}
      </select></label
    >
    <label>${t('contact.coming_on')}<input type="date" name="coming_on" min="${today}" /></label>
    <button class="primary">${t('contact.record')}</button>
  </form>`;
}
