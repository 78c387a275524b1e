import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { findCallRow, findUnscored } from '#api/calls/call-list.ts';
import { dayIn } from '#api/calls/standing.ts';
import { CONTACT_RESULTS, recordContact } from '#api/contacts/contacts.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { htmlAnswer, localPath, seeOther } from '../../http/answers.ts';
import { page } from '../../page.ts';
import { callRow, patientPath, unscoredRow } from './call-row.ts';
import { openFacility } from './calls-page.ts';

export const contactPost = page(
  {
    method: 'POST',
    path: '/contacts',
    access: 'contacts',
    form: z.object({
      facility: z.string().max(64),
      patient: z.string().max(64),
      result: z.enum(CONTACT_RESULTS),
      coming_on: z.iso.date().optional(),
      rank: z.coerce.number().int().optional(),
      next: z.string().optional(),
    }),
  },
  async (call) => {
    const { deps, principal, form, t } = call;
    const { list } = await openFacility(call, form.facility);
    const today = dayIn(t.timeZone, deps.clock.nowMs());
    const row =
      list === undefined
        ? undefined
        : await findCallRow(deps, principal.tenantId, list, form.patient, today, call.signal);
    const unscored =
      list === undefined || row !== undefined
        ? undefined
        : await findUnscored(deps, principal.tenantId, list, form.patient);
    const dueDay = row?.dueDay ?? unscored?.dueDay;
    if (list === undefined || (row === undefined && unscored === undefined))
      throw new ServiceError('not_found', 'This patient is not on the current list of the facility.');
    const contact = await deps.db.transaction().execute(async (trx) => {
      const made = await recordContact(trx, principal, {
        facilityId: form.facility,
        patientId: form.patient,
        jobId: list.jobId,
        dueDate: dueDay === undefined ? null : isoDateOf(dueDay),
        contactedOn: isoDateOf(today),
        result: form.result,
        comingOn: form.result === 'will_come' ? (form.coming_on ?? null) : null,
      });
      await recordAccess(
        call,
        {
          action: 'contact.record',
          entity: `patient/${form.patient}`,
          details: { result: form.result, facility_id: form.facility },
        },
        trx,
      );
      return made;
    });
    if (call.isFragment) {
      return await htmlAnswer(
        row === undefined
          ? unscoredRow(call, { ...unscored!, contact }, form.facility, today)
          : callRow(call, { ...row, contact }, { facilityId: form.facility, rank: form.rank ?? 0 }),
      );
    }
    return seeOther(
      form.next === undefined ? `${patientPath(form.patient, form.facility)}#contacts` : localPath(form.next),
    );
  },
);
