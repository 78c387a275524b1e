import { describe, expect, it } from 'vitest';
import { FEATURE_NAMES } from '#patients/features/features.ts';
import { FieldFault } from '../patient-input.ts';
import { looksLikeLineList, readHeader } from './columns.ts';
import { titleKey } from './title.ts';

const LAMISPLUS =
  'S/No.,State,L.G.A,LGA Of Residence,Facility Name,DatimId,Patient ID,NDR Patient Identifier,Hospital Number,Unique Id,Sex,Date of Birth (yyyy-mm-dd),Age,ART Start Date (yyyy-mm-dd),Last Pickup Date (yyyy-mm-dd),Months of ARV Refill,Current Regimen Line,Current ART Regimen,Clinical Staging at Last Visit,Date of Viral Load Sample Collection (yyyy-mm-dd),Date of Current ViralLoad Result Sample (yyyy-mm-dd),Current Viral Load (c/ml),Date of Current Viral Load (yyyy-mm-dd),Current ART Status,Date of Current ART Status,Model devolved to,Current DSD model,Case Manager';
const LAMIS =
  'S/No.,State,LGA,Facility,Patient id,Hospital Num,Unique ID,Sex,Date Birth (yyyy-mm-dd),ART Start Date (yyyy-mm-dd),Last Pickup Date (yyyy-mm-dd),Months of ARV Refill,Current ART Status';
const NMRS =
  'State,LGA,DatimCode,FacilityName,PatientUniqueID,PatientHospitalNo,Sex,DOB,ARTStartDate,Pharmacy_LastPickupdate,DaysOfARVRefill,CurrentRegimenLine,CurrentViralLoad,CurrentARTStatus_Pharmacy,PatientOutcome';
const NDR =
  'ip,state,lga,facility,datim_code,sex,patient_identifier,hospital_number,date_of_birth,current_age,art_start_date,last_drug_pickup_date,last_regimen,days_of_arv_refill,current_viral_load,date_of_current_viral_load,current_status_28_days';

const cells = (header: string) => header.split(',');
const placeOf = (header: string, title: string) => cells(header).indexOf(title);

function fault(action: () => unknown): [string, string] {
  try {
    action();
  } catch (error) {
    if (error instanceof FieldFault) return [error.field, error.code];
    throw error;
  }
  throw new Error('no fault');
}

describe('the header of a line list', () => {
  it.each([
    ['LAMIS+', LAMISPLUS],
    ['LAMIS', LAMIS],
    ['NMRS', NMRS],
    ['NDR', NDR],
  ])('of %s is known as one, in any case and order', (_, header) => {
    expect(looksLikeLineList(cells(header))).toBe(true);
    expect(looksLikeLineList(cells(header.toUpperCase()).toReversed())).toBe(true);
    expect(readHeader(cells(header)).layout.lastPickup).toBeGreaterThan(0);
  });

  it('is neither a table of features, nor a title, nor a row of the list', () => {
    expect(looksLikeLineList(['patient_id', 'facility_id', 'due_date', ...FEATURE_NAMES])).toBe(false);
    expect(looksLikeLineList(['RADET of June 2026', '', ''])).toBe(false);
    expect(looksLikeLineList(cells('SYN-1,Female,1990-01-01,2026-05-01,3,Active'))).toBe(false);
    expect(looksLikeLineList([])).toBe(false);
  });

  it('is known where a needed column is not there, so that its absence can be told', () => {
    const without = cells(LAMIS).filter((title) => title !== 'Months of ARV Refill');
    expect(looksLikeLineList(without)).toBe(true);
    expect(fault(() => readHeader(without))).toEqual(['Months of ARV Refill', 'missing_field']);
    const nobody = cells(LAMIS).filter((title) => !/id$|Num$/iu.test(title));
    expect(looksLikeLineList(nobody)).toBe(true);
    expect(fault(() => readHeader(nobody))).toEqual(['Unique Id', 'missing_field']);
  });

  it('gives each of the three viral-load dates of LAMIS+ its own meaning', () => {
    const { layout } = readHeader(cells(LAMISPLUS));
    expect(layout.viralLoadSample).toBe(
      placeOf(LAMISPLUS, 'Date of Viral Load Sample Collection (yyyy-mm-dd)'),
    );
    expect(layout.viralLoadResultSample).toBe(
      placeOf(LAMISPLUS, 'Date of Current ViralLoad Result Sample (yyyy-mm-dd)'),
    );
    expect(layout.viralLoadResult).toBe(placeOf(LAMISPLUS, 'Date of Current Viral Load (yyyy-mm-dd)'));
  });

  it('takes the more telling of two columns with one meaning and names the other as ignored', () => {
    const { layout, ignored } = readHeader(cells(LAMISPLUS));
    expect(layout.dsd).toBe(placeOf(LAMISPLUS, 'Current DSD model'));
    expect(ignored).toContain(placeOf(LAMISPLUS, 'Model devolved to'));
    expect(ignored).toContain(placeOf(LAMISPLUS, 'S/No.'));
  });

  it.each([
    [
      'KenyaEMR',
      'CCC No,Sex,DOB,Age,ART Start Date,Current Regimen,Current Regimen Line,Last Visit Date,Next Appointment Date,Last VL Result,Last VL Date,ART Outcome',
    ],
    [
      'UgandaEMR',
      'HIV Clinic No.,Sex,Date of Birth,ART Start Date,Current Regimen,Last Encounter Date,No. of Days Dispensed,Return Visit Date',
    ],
    [
      'SmartCare',
      'ArtNumber,Sex,DateOfBirth,ArtStartDate,LastPharmacyDispensationDate,DaysSupply,NextDueDate,CurrentRegimen',
    ],
    [
      'TIER.Net',
      'Folder number,Gender,DOB,ART start date,Last ART Rx date,Last ART Rx: duration,Next appointment,Regimen',
    ],
    [
      'DHIS2',
      'Tracked entity instance,Organisation unit,Sex,Date of birth,ART start date,Date of last pickup,Months dispensed',
    ],
    [
      'Mozambique',
      'NID,Sexo,Data de Nascimento,Data Início TARV,Data do Último Levantamento,Data do Próximo Levantamento',
    ],
    [
      'Haiti',
      'Code ST,Sexe,Date de naissance,Date de début ARV,Date de dernière dispensation,Nombre de jours',
    ],
    [
      'an older LAMIS',
      'Unique ID,Sex,Date Birth,ART Start Date,Date of Last ARV Refill,No. of Months of ARV Refill,Status',
    ],
  ])('of %s has a person, a pickup and a supply', (_, header) => {
    expect(looksLikeLineList(cells(header))).toBe(true);
    expect(readHeader(cells(header)).layout.lastPickup).toBeGreaterThan(0);
  });

  it('takes a visit for the pickup only where no column has the pickup', () => {
    const { layout } = readHeader(cells(`Last Visit Date,${LAMIS}`));
    expect(layout.lastPickup).toBe(1 + placeOf(LAMIS, 'Last Pickup Date (yyyy-mm-dd)'));
  });

  it('with a title twice is refused', () => {
    expect(fault(() => readHeader([...cells(LAMIS), 'SEX']))).toEqual(['SEX', 'bad_value']);
  });
});

describe('titles', () => {
  it.each([
    ['Last Pickup Date (yyyy-mm-dd)', 'lastpickupdate'],
    ['last_pickup_date', 'lastpickupdate'],
    [' Current Viral Load [c/ml] (copies) ', 'currentviralload'],
    ['S/No.', 'sno'],
    ['Data do Último Levantamento', 'datadoultimolevantamento'],
    ['Date (unclosed', 'dateunclosed'],
    ['(((', ''],
  ])('“%s” is compared as “%s”', (title, key) => {
    expect(titleKey(title)).toBe(key);
  });

  it('of any length are compared in linear time', () => {
    for (const text of ['(', '()', '[(', '(a']) {
      const title = Buffer.from(text.repeat(500_000)).toString();
      const start = performance.now();
      for (let i = 0; i < 100; i++) titleKey(title);
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});
