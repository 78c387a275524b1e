import { html, raw } from 'hono/html';
import type { CallRow, UnscoredRow } from '#api/calls/call-list.ts';
import type { PatientFacts } from '#api/worklist/patient-facts.ts';
import { CONTACT_RESULTS, type Contact } from '#api/contacts/contacts.ts';
import { nextStep } from '#patients/features/people-reasons.ts';
import { GRACE_DAYS } from '#patients/features/history.ts';
import type { Markup } from '../../http/answers.ts';
import { tierBadge } from '../../parts/tier.ts';
import type { PageCall } from '../../page.ts';
import type { Translator } from '../../translate.ts';

const URGENT_DAYS = 7;
const REASONS_SHOWN = 3;

type RowCall = Pick<PageCall, 't' | 'csrf'>;

/** One patient of a call list: a row on a wide screen, a card on a phone. */
export function callRow(call: RowCall, row: CallRow, place: { facilityId: string; rank: number }): Markup {
  const { t } = call;
  return html`<tr data-row>
    <th scope="row" class="id">
      <span class="rank">${place.rank}</span>
      <a href="${patientPath(row.patientId, place.facilityId)}">${row.patientId}</a
      ><small>${whoTheyAre(t, row.facts)}</small>${filedUnder(t, row.facts)}
    </th>
    <td class="risk">${tierBadge(t, row.tier)} ${t.percent(row.risk)}</td>
    ${pickup(t, row)}
    <td class="last">${lastPickup(t, row)}</td>
    <td class="why">${reasons(t, row)}</td>
    <td class="call">${contactCell(call, row, place.facilityId)}</td>
  </tr>`;
}

export function patientPath(patientId: string, facilityId: string): string {
  return `/calls/${encodeURIComponent(patientId)}?facility=${encodeURIComponent(facilityId)}`;
}

/** Age and sex as the features have them, or else as the source wrote them. */
export function whoTheyAre(t: Translator, facts: PatientFacts): string {
  const age = facts.age ?? facts.identifiers.age;
  const sex = facts.sex ?? facts.identifiers.sex?.toLowerCase();
  return [
    age === undefined ? undefined : t('patient.age', { age }),
    sex === undefined ? undefined : sexWord(t, sex),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

/** What finds the folder, and whose patient this is. */
export function filedUnder(t: Translator, { identifiers }: PatientFacts): Markup {
  const { hospital_number: number, case_manager: name } = identifiers;
  return html`${number === undefined ? '' : html`<small>${t('patient.hospital_number', { number })}</small>`}${name === undefined ? '' : html`<small>${t('patient.case_manager', { name })}</small>`}`;
}

function sexWord(t: Translator, sex: string): string {
  return sex === 'female' || sex === 'male' ? t(`sex.${sex}`) : sex;
}

/** What is left until day 28, in words and as a bar of its 28 days. */
function pickup(t: Translator, row: CallRow): Markup {
  const { dueDay, daysToDue, daysLeft, standing } = row;
  if (dueDay === undefined || daysToDue === undefined || daysLeft === undefined)
    return html`<td class="left"><span class="none">${t('patient.no_due_date')}</span></td>`;
  const due = t('patient.due_on', { day: t.shortDay(dueDay) });
  if (standing === 'missed') {
    const isUrgent = daysLeft <= URGENT_DAYS;
    return html`<td class="left${isUrgent ? ' now' : ''}">
      <b>${t('patient.days_left', { count: daysLeft })}</b>${track(-daysToDue)}<small
        >${t('patient.days_late', { count: -daysToDue })} · ${due}</small
      >
    </td>`;
  }
  if (standing === 'interrupted')
    return html`<td class="left">
      <b>${t('patient.days_late', { count: -daysToDue })}</b><small>${due}</small>
    </td>`;
  return html`<td class="left">
    <b>${t('patient.due_in', { count: daysToDue })}</b
    ><small>${due} · ${t('patient.until_28', { count: daysLeft })}</small>
  </td>`;
}

function track(daysLate: number): Markup {
  const width = Math.min(GRACE_DAYS, daysLate);
  return raw(
    `<svg class="track" viewBox="0 0 ${GRACE_DAYS} 2" preserveAspectRatio="none" aria-hidden="true"><rect width="${GRACE_DAYS}" height="2"/><rect width="${width}" height="2"/></svg>`,
  );
}

function lastPickup(t: Translator, { facts }: CallRow): Markup {
  if (facts.lastPickupDay === undefined) return html`<span class="none">–</span>`;
  return html`${t.shortDay(facts.lastPickupDay)}${facts.lastSupplyDays === undefined ? '' : html`<small>${t('patient.supply', { count: facts.lastSupplyDays })}</small>`}`;
}

/** Why, in words, and the one thing to do next; when the pickup is due stands in its own column. */
function reasons(t: Translator, { facts, daysToDue }: CallRow): Markup {
  const step = html`<small>${t(nextStep(facts.raising, daysToDue))}</small>`;
  if (facts.raising.length === 0) return html`<span class="none">–</span>${step}`;
  return html`<ul>
      ${facts.raising.slice(0, REASONS_SHOWN).map(({ key, values }) => html`<li>${t(key, values)}</li>`)}
    </ul>
    ${step}`;
}

/** Somebody without a score: to be traced, or whose data are to be mended. */
export function unscoredRow(call: RowCall, row: UnscoredRow, facilityId: string, today: number): Markup {
  const { t } = call;
  const late = row.dueDay === undefined ? undefined : today - row.dueDay;
  const pickup =
    late === undefined
      ? html`<span class="none">${t('patient.no_due_date')}</span>`
      : html`<b
            >${late > 0 ? t('patient.days_late', { count: late }) : t('patient.due_in', { count: -late })}</b
          ><small>${t('patient.due_on', { day: t.day(row.dueDay ?? 0) })}</small>`;
  return html`<tr data-row>
    <th scope="row" class="id"><b>${row.patientId}</b></th>
    <td class="risk"><span class="none">${t('patient.no_score')}</span></td>
    <td class="left">${pickup}</td>
    <td class="last"></td>
    <td class="why">${row.message}</td>
    <td class="call">${contactCell(call, row, facilityId)}</td>
  </tr>`;
}

/** What was said, or the form to say it; and boxes to tick on paper. */
function contactCell(call: RowCall, row: Pick<CallRow, 'contact' | 'patientId'>, facilityId: string): Markup {
  const { t, csrf } = call;
  const paper = html`<span class="paper"
    >☐ ${t('paper.reached')} ☐ ${t('paper.no_answer')} ☐ ${t('paper.wrong')} ☐ ${t('paper.moved')} ____</span
  >`;
  if (row.contact !== undefined) return html`${said(t, row.contact)}${paper}`;
  return html`<form
      method="post"
      action="/contacts"
      hx-post="/contacts"
      hx-target="closest tr"
      hx-swap="outerHTML"
    >
      <input type="hidden" name="_csrf" value="${csrf}" /><input
        type="hidden"
        name="facility"
        value="${facilityId}"
      /><input type="hidden" name="patient" value="${row.patientId}" /><select
        name="result"
        required
        aria-label="${t('contact.result_of', { patient: row.patientId })}"
      >
        <option value="">${t('contact.choose')}</option>
        ${CONTACT_RESULTS.map((result) => html`<option value="${result}">${t(`contact.${result}`)}</option>`)}</select
      ><button>${t('contact.save')}</button>
    </form>
    ${paper}`;
}

export function said(t: Translator, contact: Contact): Markup {
  return html`<p class="said">
    <span class="state"
      >${t(`contact.${contact.result}`)}${contact.comingOn === null ? '' : html` · ${t.shortDay(contact.comingOn)}`}</span
    ><small
      >${t.shortDay(contact.contactedOn)} ·
      ${contact.recordedBy.split('@', 1)[0]}${contact.returnedOn === null ? '' : html` · ${t('contact.returned')}`}</small
    >
  </p>`;
}
