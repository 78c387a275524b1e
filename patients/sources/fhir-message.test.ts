import { describe, expect, it } from 'vitest';
import { FEATURE_NAMES, FEATURES, featureIndex } from '#patients/features/features.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { idOf, messageOf, type Organization, patientKey } from './fhir-message.ts';
import { NmrsReader } from './nmrs.ts';
import { PatientScreen } from './patient-input.ts';

const AS_OF = parseIsoDay('2026-06-30');

type Json = Record<string, unknown>;
const reader = new NmrsReader();
const screen = new PatientScreen(AS_OF);

function featuresOf(message: unknown) {
  const out = new Float64Array(FEATURES.length);
  const outcome = screen.screen(reader.read(message), 1, out);
  return {
    due: outcome.ok ? outcome.row.dueDate : outcome.rejection.code,
    facility: outcome.ok ? outcome.row.facilityId : '',
    values: Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, out[i]])),
  };
}

const messageFrom = (resources: readonly Json[], organizations = new Map<string, Organization>()) =>
  messageOf(resources, { organizations, warn: (code) => reader.warnings.warn(code) });

// That they give the features of the same patient's NMRS message is held by models/synthetic/cohort.test.ts.
describe('a patient’s FHIR resources', () => {
  const patient = { resourceType: 'Patient', id: 'p', birthDate: '1990-06-30', gender: 'female' };
  const dispense = (more: Json): Json => ({
    resourceType: 'MedicationDispense',
    status: 'completed',
    subject: { reference: 'Patient/p' },
    medicationCodeableConcept: { text: 'TDF/3TC/DTG' },
    whenHandedOver: '2026-05-01',
    ...more,
  });
  const due = (...resources: Json[]) => featuresOf(messageFrom([patient, ...resources])).due;

  it.each<[string, Json, string]>([
    ['days', { daysSupply: { value: 60 } }, '2026-06-30'],
    ['months', { daysSupply: { value: 2, code: 'mo' } }, '2026-06-30'],
    ['tablets at one a day', { quantity: { value: 60, unit: 'tablets' } }, '2026-06-30'],
    [
      'tablets at two a day',
      {
        quantity: { value: 120, unit: 'TAB' },
        dosageInstruction: [{ timing: { repeat: { frequency: 2, period: 1, periodUnit: 'd' } } }],
      },
      '2026-06-30',
    ],
    ['bottles', { quantity: { value: 2, unit: 'bottle' } }, 'no_due_date'],
    ['nothing', {}, 'no_due_date'],
    ['an error', { status: 'entered-in-error', daysSupply: { value: 60 } }, 'no_pickup'],
    [
      'cotrimoxazole',
      { medicationCodeableConcept: { text: 'Cotrimoxazole 960 mg' }, daysSupply: { value: 60 } },
      'no_pickup',
    ],
    [
      'an antibiotic by its ATC code',
      {
        medicationCodeableConcept: {
          coding: [{ system: 'http://www.whocc.no/atc', code: 'J01EE01', display: 'Bisepton' }],
        },
        daysSupply: { value: 60 },
      },
      'no_pickup',
    ],
    [
      'a contained medication',
      {
        medicationCodeableConcept: undefined,
        medicationReference: { reference: '#m' },
        contained: [{ resourceType: 'Medication', id: 'm', code: { text: 'Dolutegravir' } }],
        daysSupply: { value: 60 },
      },
      '2026-06-30',
    ],
  ])('supply from %s', (_, more, expected) => {
    expect(due(dispense(more))).toBe(expected);
  });

  it('several drugs of one day are one pickup, of the ARVs alone', () => {
    const ctx = dispense({ medicationCodeableConcept: { text: 'Septrin' }, daysSupply: { value: 180 } });
    expect(due(ctx, dispense({ daysSupply: { value: 60 } }))).toBe('2026-06-30');
  });

  const observed = (code: Json, value: Json): Json => ({
    resourceType: 'Observation',
    status: 'final',
    subject: { reference: 'Patient/p' },
    code,
    effectiveDateTime: '2026-05-01T09:00:00+01:00',
    ...value,
  });
  it.each<[string, Json, Json, string, number]>([
    [
      'LOINC',
      { coding: [{ system: 'http://loinc.org', code: '20447-9' }] },
      { valueQuantity: { value: 812 } },
      'viral_load',
      812,
    ],
    [
      'a bound',
      { coding: [{ code: '25836-8' }] },
      { valueQuantity: { value: 20, comparator: '<', unit: 'copies/mL' } },
      'viral_load',
      19,
    ],
    ['a logarithm', { coding: [{ code: '29541-0' }] }, { valueQuantity: { value: 3 } }, 'viral_load', 1000],
    ['words', { text: 'Viral Load' }, { valueString: 'Not detected' }, 'viral_load', 0],
    [
      'no result',
      { coding: [{ code: '20447-9' }] },
      { dataAbsentReason: { text: 'sample rejected' } },
      'viral_load',
      Number.NaN,
    ],
    [
      'OpenMRS’s codes',
      { coding: [{ code: '5356AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }] },
      { valueCodeableConcept: { coding: [{ code: '1206AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }] } },
      'who_stage',
      3,
    ],
    ['a yes', { text: 'Tuberculosis symptom' }, { valueBoolean: true }, 'has_tb_symptoms', 1],
  ])('an observation by %s', (_, code, value, feature, expected) => {
    const { values } = featuresOf(
      messageFrom([patient, dispense({ daysSupply: { value: 60 } }), observed(code, value)]),
    );
    expect(Object.values(values)[featureIndex(feature)]).toBe(expected);
  });

  it('a contact is one in the room: a call or a virtual encounter is none', () => {
    const seen = (more: Json): Json => ({
      resourceType: 'Encounter',
      status: 'finished',
      subject: { reference: 'Patient/p' },
      period: { start: '2026-06-01' },
      ...more,
    });
    const share = (more: Json) =>
      featuresOf(messageFrom([patient, dispense({ daysSupply: { value: 60 } }), seen(more)])).values[
        'clinical_visit_ratio'
      ];
    expect(share({ class: { code: 'AMB' } })).toBe(0.5);
    expect(share({ class: { code: 'VR' } })).toBe(0);
    expect(share({ type: [{ text: 'Defaulter tracking' }] })).toBe(0);
    expect(share({ status: 'cancelled', class: { code: 'AMB' } })).toBe(0);
  });

  it('a deceased patient is not scored', () => {
    const dead = { ...patient, deceasedDateTime: '2026-06-02' };
    expect(featuresOf(messageFrom([dead, dispense({ daysSupply: { value: 60 } })])).due).toBe('patient_died');
  });
});

describe('references', () => {
  it.each([
    ['Patient/7', '7'],
    ['https://emr.example/fhir/Patient/7', '7'],
    ['https://emr.example/fhir/Patient/7/_history/2', '7'],
    ['urn:uuid:7', '7'],
    ['Group/7', ''],
  ])('%s names %j', (reference, id) => {
    expect(idOf({ reference }, 'Patient')).toBe(id);
    expect(patientKey({ resourceType: 'Observation', subject: { reference } }, undefined)).toBe(id);
  });

  it('of a bundle’s patient is the entry’s', () => {
    expect(patientKey({ resourceType: 'Patient', id: '7' }, 'urn:uuid:8')).toBe('8');
    expect(patientKey({ resourceType: 'Patient', id: '7' }, undefined)).toBe('7');
  });
});
