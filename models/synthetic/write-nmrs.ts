import { isoDate } from '#patients/record/epoch-day.ts';
import type { Cohort } from './cohort.ts';
import { NmrsMessage } from './nmrs-message.ts';
import { writeForms } from './patient-forms.ts';
import type { RowWriter } from './row-writer.ts';

/**
 * Writes the patient made last as one line of NMRS JSON, as a programme's export has it: several drugs on a pharmacy form,
 * each in its group of observations and in any order; answers as concepts or as words, by facility; forms written without
 * the patient; voided records and voided encounters' leftovers; dates far away. Records that were not typed in by the
 * as-of date are not in the message.
 */
export function writeNmrsMessage(cohort: Cohort, out: RowWriter): void {
  const { record, person } = cohort;
  const { facility } = person;
  const message = new NmrsMessage(record.patientId, facility.isCoded);
  writeForms(cohort, message);
  const header = JSON.stringify({
    synthetic: true,
    notice: 'SYNTHETIC: nobody in this message exists',
    facilityName: facility.name,
    facilityDatimCode: facility.id,
    facilityState: facility.state,
    facilityLga: facility.lga,
  });
  const demographics = JSON.stringify({
    patientUuid: record.patientId,
    birthdate: Number.isNaN(record.birthDay) ? null : `${isoDate(record.birthDay)} 00:00:00`,
    gender: record.sex === 1 ? 'M' : 'F',
    stateProvince: person.homeState,
    cityVillage: facility.lga,
    phoneNumber: person.phone === '' ? null : person.phone,
  });
  out.text(message.line(header, demographics));
}
