import { isoDate } from '#patients/record/epoch-day.ts';
import type { Standing } from '#patients/features/outcome.ts';
import { text, type Facts } from './facts.ts';
import type { ListColumn } from './list-column.ts';

const OUTCOME: Partial<Record<Standing, string>> = {
  died: 'Death',
  transferred_out: 'Transferred out',
  stopped: 'Discontinued Care',
  lost: 'Lost to Follow up',
};
const PREGNANCY = ['Not pregnant', 'Pregnant', 'Breastfeeding'];
const outcomeOf = (f: Facts): string => OUTCOME[f.standing] ?? '';

/** The ART line list that NMRS prints: days of refill; the status is judged by the pickup, the outcome stands beside it. */
export const NMRS_ART: readonly ListColumn[] = [
  ['State', (f) => f.cohort.person.facility.state],
  ['LGA', (f) => f.cohort.person.facility.lga],
  ['DatimCode', (f) => f.cohort.person.facility.id],
  ['FacilityName', (f) => f.cohort.person.facility.name],
  ['PatientUniqueID', (f) => f.cohort.record.patientId],
  ['PatientHospitalNo', (f) => `SYN${f.cohort.person.index}`],
  ['Sex', (f) => (f.isMale ? 'M' : 'F')],
  ['AgeAtStartOfARTYears', (f) => text(f.ageAtStart)],
  ['CareEntryPoint', (f) => (f.isTransferIn ? 'Transfer-in' : 'OPD')],
  ['MonthsOnART', (f) => f.monthsOnArt],
  ['DateTransferredIn', (f) => (f.isTransferIn ? isoDate(f.cohort.person.transferInDay) : '')],
  ['TransferInStatus', (f) => (f.isTransferIn ? 'Transfer in with records' : '')],
  ['ARTStartDate', (f) => f.artStart],
  ['LastPickupDate', (f) => f.lastPickup],
  ['LastVisitDate', (f) => f.lastVisit],
  ['DaysOfARVRefill', (f) => text(f.supply)],
  ['PillBalance', () => ''],
  ['InitialRegimenLine', (f) => f.lineOf(f.regimenAtStart)],
  ['InitialRegimen', (f) => f.regimenAtStart.name],
  ['CurrentRegimenLine', (f) => f.lineOf(f.regimen)],
  ['CurrentRegimen', (f) => f.regimen?.name ?? ''],
  ['PregnancyStatus', (f) => PREGNANCY[f.value('pregnancy')] ?? ''],
  ['CurrentViralLoad', (f) => f.viralLoad.copies],
  ['LastDateOfSampleCollection', (f) => f.newestSample],
  ['ViralLoadEncounterDate', (f) => f.viralLoad.sampled],
  ['ViralLoadReportedDate', (f) => f.viralLoad.reported],
  ['ViralLoadIndication', (f) => (f.viralLoad.copies === '' ? '' : 'Routine')],
  ['PatientOutcome', outcomeOf],
  ['PatientOutcomeDate', (f) => (outcomeOf(f) === '' ? '' : isoDate(f.statusDay))],
  [
    'CurrentARTStatus',
    (f) => (f.standing === 'in_care' || f.standing === 'no_due_date' ? 'Active' : 'InActive'),
  ],
  ['CurrentAgeYears', (f) => f.age],
  ['DOB', (f) => f.birth],
];
