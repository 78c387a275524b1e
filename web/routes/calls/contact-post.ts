import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { dayIn } from '#api/calls/standing.ts';
import { addContact } from '#api/contacts/add-contact.ts';
import { CONTACT_RESULTS } from '#api/contacts/contacts.ts';
import { requireCurrentList } from '#api/calls/require-facility.ts';
import { htmlAnswer, localPath, seeOther } from '../../http/answers.ts';
import { page } from '../../page.ts';
import { callRow, patientPath, unscoredRow } from './call-row.ts';

export const contactPost = page(
  {
    method: 'POST',
    path: '/contacts',
    access: 'contacts',
    form: z.object({
      facility: z.string().max(64),
      patient: z.string().max(64),
      result: z.enum(CONTACT_RESULTS),
      coming_on: dayParameter.optional(),
      rank: z.coerce.number().int().optional(),
      next: z.string().optional(),
    }),
  },
  async (call) => {
    const { deps, form, t } = call;
    const list = await requireCurrentList(call, form.facility);
    const today = dayIn(t.timeZone, deps.clock.nowMs());
    const { contact, row, unscored } = await addContact(call, list, {
      patientId: form.patient,
      result: form.result,
      comingOn: form.coming_on ?? null,
      today,
    });
    if (call.isFragment) {
      return await htmlAnswer(
        row === undefined
          ? unscoredRow(call, { ...unscored!, contact }, form.facility, today)
          : callRow(call, { ...row, contact }, { facilityId: form.facility, rank: form.rank ?? 0 }),
      );
    }
    if (form.next !== undefined) return seeOther(localPath(form.next));
    return seeOther(
      row === undefined
        ? `/calls?facility=${encodeURIComponent(form.facility)}`
        : `${patientPath(form.patient, form.facility)}#contacts`,
    );
  },
);
