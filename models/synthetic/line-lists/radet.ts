import { isoDate } from '#patients/record/epoch-day.ts';
import type { Standing } from '#patients/features/outcome.ts';
import { type Facts, text } from './facts.ts';
import type { ListColumn } from './list-column.ts';

const STATUS: Readonly<Record<Standing, string>> = {
  in_care: 'Active',
  interrupted: 'IIT',
  no_pickup: '',
  no_due_date: 'Active',
  died: 'Died',
  transferred_out: 'ART Transfer Out',
  stopped: 'Stopped Treatment',
  lost: 'IIT',
};
const PREGNANCY = ['Not Pregnant', 'Pregnant', 'Breastfeeding'];
const STAGES = ['', 'Stage I', 'Stage II', 'Stage III', 'Stage IV'];
const ENTRY_POINTS = ['OPD', 'ANC', 'TB DOTS', 'Outreach', 'HTS'];
const UNSUPPRESSED_COPIES = 1000;

const empty = (): string => '';
const isUnsuppressed = (f: Facts): boolean => Number(f.viralLoad.copies) >= UNSUPPRESSED_COPIES;
const isChosen = (f: Facts, share: number): boolean => f.random.chance(share);
const months = (f: Facts): string => text(Math.round((f.supply / 30) * 100) / 100);

/**
 * The ART line list of LAMIS+ (RADET): its 91 columns in their order, the titles letter for letter. Months of refill are of
 * 30 days. “Date of Viral Load Sample Collection” is the newest sample, “Date of Current ViralLoad Result Sample” that of the
 * result, “Date of Current Viral Load” the day on which the result came.
 */
export const RADET: readonly ListColumn[] = [
  ['S/No.', (f) => String(f.serial)],
  ['State', (f) => f.cohort.person.facility.state],
  ['L.G.A', (f) => f.cohort.person.facility.lga],
  ['LGA Of Residence', (f) => (f.cohort.record.outOfCatchment === 1 ? '' : f.cohort.person.facility.lga)],
  ['Facility Name', (f) => f.cohort.person.facility.name],
  ['DatimId', (f) => f.cohort.person.facility.id],
  ['Patient ID', (f) => f.cohort.record.patientId],
  ['NDR Patient Identifier', (f) => `SYN-NDR-${f.cohort.person.index}`],
  ['Hospital Number', (f) => `SYN${f.cohort.person.index}`],
  ['Unique Id', (f) => f.cohort.record.patientId],
  ['Household Unique No', empty],
  ['OVC Unique ID', empty],
  ['Sex', (f) => (f.isMale ? 'Male' : 'Female')],
  ['Target group', (f) => (isChosen(f, 0.9) ? 'General Population' : '')],
  [
    'Current Weight (kg)',
    (f) => String(Number(f.age) < 15 ? 8 + 3 * Number(f.age) : 48 + f.random.below(40)),
  ],
  ['Pregnancy Status', (f) => PREGNANCY[f.value('pregnancy')] ?? ''],
  ['Date of Birth (yyyy-mm-dd)', (f) => f.birth],
  ['Age', (f) => f.age],
  ['Care Entry Point', (f) => (f.isTransferIn ? 'Transfer-in' : ENTRY_POINTS[f.random.below(5)]!)],
  ['Date of Registration', (f) => f.registered],
  ['Enrollment  Date (yyyy-mm-dd)', (f) => f.registered],
  ['ART Start Date (yyyy-mm-dd)', (f) => f.artStart],
  ['Last Pickup Date (yyyy-mm-dd)', (f) => f.lastPickup],
  ['Months of ARV Refill', months],
  ['Regimen Line at ART Start', (f) => f.lineOf(f.regimenAtStart)],
  ['Regimen at ART Start', (f) => f.regimenAtStart.lamis],
  ['Date of Start of Current ART Regimen', (f) => (f.regimen === f.regimenAtStart ? f.artStart : '')],
  ['Current Regimen Line', (f) => f.lineOf(f.regimen)],
  ['Current ART Regimen', (f) => f.regimen?.lamis ?? ''],
  ['Clinical Staging at Last Visit', (f) => STAGES[f.value('whoStage')] ?? ''],
  ['Date of Last CD4 Count', empty],
  ['Last CD4 Count', (f) => (isChosen(f, 0.1) ? String(100 + f.random.below(900)) : '')],
  ['Date of Viral Load Sample Collection (yyyy-mm-dd)', (f) => f.newestSample],
  ['Date of Current ViralLoad Result Sample (yyyy-mm-dd)', (f) => f.viralLoad.sampled],
  ['Current Viral Load (c/ml)', (f) => f.viralLoad.copies],
  ['Date of Current Viral Load (yyyy-mm-dd)', (f) => f.viralLoad.reported],
  ['Viral Load Indication', (f) => (f.viralLoad.copies === '' ? '' : 'Routine Monitoring')],
  ['Viral Load Eligibility Status', empty],
  ['Date of Viral Load Eligibility Status', empty],
  ['Current ART Status', statusOf],
  ['Date of Current ART Status', (f) => isoDate(f.statusDay)],
  ['Client Verification Outcome', (f) => (isChosen(f, 0.2) ? 'VALID' : '')],
  ['Cause of Death', (f) => (f.standing === 'died' ? 'Unknown cause' : '')],
  ['VA Cause of Death', empty],
  ['Previous ART Status', (f) => (f.standing === 'in_care' ? 'Active' : '')],
  ['Confirmed Date of Previous ART Status', (f) => (f.standing === 'in_care' ? f.lastPickup : '')],
  ['ART Enrollment Setting', () => 'Facility'],
  ['Date of TB Screening (yyyy-mm-dd)', (f) => f.date('tbSymptoms')],
  ['TB Screening Type', (f) => (f.date('tbSymptoms') === '' ? '' : 'Symptom screen (alone)')],
  ['CAD Score', empty],
  ['TB status', (f) => ['No signs or symptoms of TB', 'Presumptive TB'][f.value('tbSymptoms')] ?? ''],
  ['Date of TB Sample Collection (yyyy-mm-dd)', empty],
  ['TB Diagnostic Test Type', empty],
  ['Date of TB Diagnostic Result Received (yyyy-mm-dd)', empty],
  ['TB Diagnostic Result', empty],
  [
    'Date of Additional TB Diagnosis Result using XRAY (for client with negative lab results with CAD score of 40 & above)',
    empty,
  ],
  [
    'Additional TB Diagnosis Result using XRAY (for client with negative lab results with CAD score of 40 & above)',
    empty,
  ],
  ['Date of Start of TB Treatment (yyyy-mm-dd)', empty],
  ['TB Type (new, relapsed etc)', empty],
  ['Date of Completion of TB Treatment (yyyy-mm-dd)', empty],
  ['TB Treatment Outcome', empty],
  ['Date of TPT Start (yyyy-mm-dd)', (f) => (f.isTransferIn ? '' : f.artStart)],
  ['TPT Type', (f) => (f.isTransferIn ? '' : 'INH 6 months')],
  ['TPT Completion date (yyyy-mm-dd)', empty],
  ['TPT Completion status', empty],
  ['Date of commencement of EAC (yyyy-mm-dd)', (f) => (isUnsuppressed(f) ? f.viralLoad.reported : '')],
  ['Number of EAC Sessions Completed', (f) => (isUnsuppressed(f) ? String(1 + f.random.below(3)) : '')],
  ['Date of last EAC Session Completed', empty],
  ['Date of Extended EAC Completion (yyyy-mm-dd)', empty],
  ['Date of Repeat Viral Load - Post EAC VL Sample collected (yyyy-mm-dd)', empty],
  ['Repeat Viral load result (c/ml)- POST EAC', empty],
  ['Date of Repeat Viral load result- POST EAC VL', empty],
  ['Date of devolvement', (f) => (f.value('dsdModel') > 0 ? f.date('dsdModel') : '')],
  ['Model devolved to', (f) => (f.value('dsdModel') > 0 ? f.dsd : '')],
  ['Date of current DSD', (f) => f.date('dsdModel')],
  ['Current DSD model', (f) => f.dsd],
  ['Current DSD Outlet', empty],
  ['Date of Return of DSD Client to Facility (yyyy-mm-dd)', empty],
  ['Screening for Chronic Conditions', empty],
  ['Co-morbidities', empty],
  ['Date of Cervical Cancer Screening (yyyy-mm-dd)', empty],
  ['Cervical Cancer Screening Type', empty],
  ['Cervical Cancer Screening Method', empty],
  ['Result of Cervical Cancer Screening', empty],
  ['Date of Precancerous Lesions Treatment (yyyy-mm-dd)', empty],
  ['Precancerous Lesions Treatment Methods', empty],
  ['Date Biometrics Enrolled (yyyy-mm-dd)', (f) => f.registered],
  ['Number of Fingers Captured', () => '10'],
  ['Date Biometrics Recapture (yyyy-mm-dd)', empty],
  ['Number of Fingers Recaptured', empty],
  ['Case Manager', (f) => `SYN case manager ${1 + (f.cohort.person.index % 7)}`],
];

function statusOf(f: Facts): string {
  if (f.standing !== 'in_care') return STATUS[f.standing];
  if (f.isTransferIn) return 'ART Transfer In';
  return f.history.lastReturnDay === f.lastPickupDay ? 'Active Restart' : 'Active';
}
