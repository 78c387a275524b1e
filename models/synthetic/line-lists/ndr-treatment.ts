import { isoDate } from '#patients/record/epoch-day.ts';
import type { Facts } from './facts.ts';
import { text } from './facts.ts';
import type { ListColumn } from './list-column.ts';

const PREGNANCY = ['NP', 'P', 'BF'];
const isActive = (f: Facts): boolean => f.standing === 'in_care' || f.standing === 'no_due_date';

/** The treatment line list of Nigeria's national data repository (NDR): days of refill, one code a pregnancy. */
export const NDR_TREATMENT: readonly ListColumn[] = [
  ['ip', () => 'SYNTHETIC'],
  ['state', (f) => f.cohort.person.facility.state],
  ['lga', (f) => f.cohort.person.facility.lga],
  ['facility', (f) => f.cohort.person.facility.name],
  ['datim_code', (f) => f.cohort.person.facility.id],
  ['sex', (f) => (f.isMale ? 'M' : 'F')],
  ['patient_identifier', (f) => f.cohort.record.patientId],
  ['hospital_number', (f) => `SYN${f.cohort.person.index}`],
  ['date_of_birth', (f) => f.birth],
  ['age_at_art_initiation', (f) => text(f.ageAtStart)],
  ['current_age', (f) => f.age],
  ['art_start_date', (f) => f.artStart],
  ['last_drug_pickup_date', (f) => f.lastPickup],
  ['last_regimen', (f) => f.regimen?.name ?? ''],
  ['last_clinic_visit_date', (f) => f.lastVisit],
  ['days_of_arv_refill', (f) => text(f.supply)],
  ['pregnancy_status', (f) => PREGNANCY[f.value('pregnancy')] ?? ''],
  ['current_viral_load', (f) => f.viralLoad.copies],
  ['date_of_current_viral_load', (f) => f.viralLoad.reported],
  ['current_status_28_days', (f) => (isActive(f) ? 'Active' : 'Inactive')],
  ['patient_has_died', (f) => (f.standing === 'died' ? 'TRUE' : '')],
  ['patient_deceased_date', (f) => (f.standing === 'died' ? isoDate(f.statusDay) : '')],
  ['patient_transferred_out', (f) => (f.standing === 'transferred_out' ? 'TRUE' : '')],
  ['transferred_out_date', (f) => (f.standing === 'transferred_out' ? isoDate(f.statusDay) : '')],
  ['patient_transferred_in', (f) => (f.isTransferIn ? 'TRUE' : '')],
  ['transferred_in_date', (f) => (f.isTransferIn ? isoDate(f.cohort.person.transferInDay) : '')],
];
