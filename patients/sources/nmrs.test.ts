import { describe, expect, it } from 'vitest';
import { FEATURES, featureIndex } from '#patients/features/features.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { timeZone } from '#patients/values/time-zone.ts';
import { fhirOfNmrs } from '#test/support/fhir-of-nmrs.ts';
import { messageOf, organizationOf } from './fhir-message.ts';
import { NmrsReader } from './nmrs.ts';
import { FieldFault, PatientScreen, type PatientOutcome } from './patient-input.ts';

const AS_OF = parseIsoDay('2026-06-30');

type Json = Record<string, unknown>;

/** One patient with one pickup of 90 days on 1 May 2026. */
function message(): {
  messageHeader: Json;
  messageData: { demographics: Json; visits: Json[]; encounters: Json[]; obs: Json[] };
} {
  return {
    messageHeader: { facilityDatimCode: 'SYN00000001', facilityState: 'Kano' },
    messageData: {
      demographics: {
        patientUuid: 'SYN-1-1',
        birthdate: '1990-06-30 00:00:00',
        gender: 'F',
        stateProvince: 'kano',
        phoneNumber: null,
      },
      visits: [{ dateStarted: '2026-05-01 08:30:00', voided: 0 }],
      encounters: [pharmacy('p1', '2026-05-01')],
      obs: [observe('p1', '2026-05-01', 'Medication duration', { valueNumeric: 90 })],
    },
  };
}

function pharmacy(id: string, day: string, more: Json = {}): Json {
  return {
    encounterUuid: id,
    encounterDatetime: `${day} 09:00:00`,
    pmmForm: 'Pharmacy Order Form',
    voided: 0,
    ...more,
  };
}

function observe(encounter: string, day: string, variableName: string, value: Json): Json {
  return { encounterUuid: encounter, obsDatetime: `${day} 09:00:00`, variableName, voided: 0, ...value };
}

function screen(input: unknown, asOf = AS_OF): { outcome: PatientOutcome; value: (name: string) => number } {
  const out = new Float64Array(FEATURES.length);
  const outcome = new PatientScreen(asOf).screen(new NmrsReader().read(input), 1, out);
  expectTheSameInFhir(input, asOf, { outcome, out });
  return { outcome, value: (name) => out[featureIndex(name)]! };
}

let saidInFhir = 0;

/** What a message tells and FHIR can tell, FHIR resources tell too: the same features, due date or refusal. */
function expectTheSameInFhir(
  input: unknown,
  asOf: number,
  nmrs: { outcome: PatientOutcome; out: Float64Array },
): void {
  const resources = fhirOfNmrs(input);
  if (resources === undefined) return;
  saidInFhir++;
  const organizations = new Map([[String(resources[0]!['id']), organizationOf(resources[0]!)]]);
  const message = messageOf(resources, { organizations, warn: () => undefined });
  const out = new Float64Array(FEATURES.length);
  const outcome = new PatientScreen(asOf).screen(new NmrsReader().read(message), 1, out);
  expect(outcome, 'in FHIR').toEqual(nmrs.outcome);
  if (outcome.ok) expect(out, 'in FHIR').toEqual(nmrs.out);
}

function fault(input: unknown): [string, string] {
  try {
    new NmrsReader().read(input);
  } catch (error) {
    if (error instanceof FieldFault) return [error.field, error.code];
    throw error;
  }
  throw new Error('the message was read');
}

describe('an NMRS message', () => {
  it('gives the patient’s identity, due date and features', () => {
    const { outcome, value } = screen(message());
    expect(outcome).toEqual({
      ok: true,
      row: {
        patientId: 'SYN-1-1',
        facilityId: 'SYN00000001',
        dueDate: '2026-07-30',
        isAtRisk: true,
        notes: [],
      },
    });
    expect(value('age')).toBe(36);
    expect(value('gender')).toBe(0);
    expect(value('has_phone')).toBe(0);
    expect(value('out_of_catchment')).toBe(0);
    expect(value('days_to_due')).toBe(30);
    expect(value('total_dispensations')).toBe(1);
    expect(value('total_visits')).toBe(1);
    expect(value('months_on_art')).toBeNaN();
  });

  it('is read without a header', () => {
    const { messageData } = message();
    const { outcome, value } = screen({ messageData });
    expect(outcome.ok && outcome.row.facilityId).toBe('');
    expect(value('out_of_catchment')).toBeNaN();
  });

  it('never counts what was voided, nor observations of a voided encounter', () => {
    const input = message();
    const { encounters, obs, visits } = input.messageData;
    encounters.push(pharmacy('p2', '2026-06-20', { voided: 1 }));
    obs.push(observe('p2', '2026-06-20', 'Medication duration', { valueNumeric: 180 }));
    obs.push({ ...observe('p1', '2026-05-01', 'Medication duration', { valueNumeric: 30 }), voided: true });
    obs.push({ ...observe('', '2026-06-01', 'Viral Load', { valueNumeric: 9e5 }), voided: 1 });
    visits.push({ dateStarted: '2026-06-21 00:00:00', voided: 1 });
    const { value } = screen(input);
    expect(value('total_dispensations')).toBe(1);
    expect(value('last_days_supply')).toBe(90);
    expect(value('viral_load')).toBeNaN();
    expect(value('total_visits')).toBe(1);
  });

  it('counts a record from the day on which it was typed in', () => {
    const input = message();
    input.messageData.encounters.push(pharmacy('p2', '2026-06-20', { dateCreated: '2026-07-03 10:00:00' }));
    expect(screen(input).value('total_dispensations')).toBe(1);
    input.messageData.encounters[1] = pharmacy('p2', '2026-06-20', { dateCreated: '2026-06-30 10:00:00' });
    expect(screen(input).value('total_dispensations')).toBe(2);
  });

  it('finds observations by concept id where the name says nothing', () => {
    const input = message();
    input.messageData.obs = [
      { ...observe('p1', '2026-05-01', 'durée', { valueNumeric: 60 }), conceptId: 159_368 },
      { ...observe('', '2026-05-01', 'x', { valueText: 'WHO STAGE 3 ADULT' }), conceptId: 5356 },
    ];
    const { value } = screen(input);
    expect(value('last_days_supply')).toBe(60);
    expect(value('who_stage')).toBe(3);
  });

  it('falls back on the next appointment where the supply is not written down', () => {
    const input = message();
    input.messageData.obs = [
      observe('p1', '2026-05-01', 'Next appointment date', { valueText: '2026-07-15 00:00:00' }),
    ];
    const { outcome, value } = screen(input);
    expect(outcome.ok && outcome.row.dueDate).toBe('2026-07-15');
    expect(value('last_days_supply')).toBeNaN();
  });

  it('takes a supply of 0 or of years for one that was not written down', () => {
    const input = message();
    input.messageData.obs = [observe('p1', '2026-05-01', 'Medication duration', { valueNumeric: 0 })];
    expect(screen(input).outcome).toMatchObject({ ok: false, rejection: { code: 'no_due_date' } });
  });

  it.each([
    ['Death', 'patient_died'],
    ['Transferred Out', 'transferred_out'],
  ])('of a patient with the termination “%s” is not scored: %s', (reason, code) => {
    const input = message();
    input.messageData.obs.push(
      observe('t1', '2026-06-10', 'Reason for termination', { valueText: reason }),
      observe('t1', '2026-06-10', 'Date of termination', { valueText: '2026-06-01 00:00:00' }),
    );
    expect(screen(input).outcome).toMatchObject({ ok: false, rejection: { code } });
  });

  it.each([
    ['2026-03-05', true],
    ['2026-03-04', true],
    ['2026-03-03', false],
  ])('with 90 days given on %s is scored: %s (days 27, 28, 29 past due)', (day, isScored) => {
    const input = message();
    input.messageData.encounters = [pharmacy('p1', day)];
    input.messageData.visits = [];
    input.messageData.obs = [observe('p1', day, 'Medication duration', { valueNumeric: 90 })];
    const { outcome } = screen(input);
    expect(outcome.ok ? 'scored' : outcome.rejection.code).toBe(isScored ? 'scored' : 'already_interrupted');
  });

  it.each<[string, Json]>([
    ['a number', { valueCoded: 159_492 }],
    ['digits', { valueCoded: '159492' }],
    ['a number with a fraction', { valueCoded: '159492.0' }],
    ['digits in a number’s place', { valueNumeric: '159492' }],
    ['a UUID of CIEL', { valueCoded: '159492AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['an object', { valueCoded: { conceptId: 159_492, display: 'x' } }],
    ['an object’s words', { valueCoded: { display: 'Transferred out' } }],
  ])('has its answers as %s', (_, value) => {
    const input = message();
    input.messageData.obs.push(observe('t1', '2026-06-10', 'Reason for termination', value));
    expect(screen(input).outcome).toMatchObject({ ok: false, rejection: { code: 'transferred_out' } });
  });

  it.each([
    [{ variableName: 'medication_duration' }],
    [{ variableName: null, conceptId: '159368AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    [{ variableName: null, conceptId: '159368.0' }],
  ])('has its questions as %j', (name) => {
    const input = message();
    Object.assign(input.messageData.obs[0]!, name);
    expect(screen(input).value('last_days_supply')).toBe(90);
  });

  it.each(['MMD3', '3+', '3 Month(s)', 'three months', '90 DAYS'])('has 90 days in “%s”', (valueText) => {
    const input = message();
    input.messageData.obs = [observe('p1', '2026-05-01', 'Medication duration', { valueText })];
    expect(screen(input).value('last_days_supply')).toBe(90);
  });

  it.each<[unknown, boolean]>([
    [{ type: 'Buffer', data: [0] }, true],
    [{ type: 'Buffer', data: [1] }, false],
    ['\u0000', true],
    ['\u0001', false],
  ])('with a database’s bit %j as voided counts: %s', (voided, counts) => {
    const input = message();
    input.messageData.encounters = [pharmacy('p1', '2026-05-01', { voided })];
    expect(screen(input).outcome.ok).toBe(counts);
  });

  it('is read in the order of day and month that somebody has said', () => {
    const input = message();
    input.messageData.visits = [];
    input.messageData.encounters = [pharmacy('p1', '', { encounterDatetime: '05/06/2026' })];
    input.messageData.obs = [
      observe('p1', '', 'Medication duration', { valueNumeric: 90, obsDatetime: '05/06/2026' }),
    ];
    expect(fault(input)).toEqual(['messageData.encounters[0].encounterDatetime', 'ambiguous_date']);
    const reader = new NmrsReader({ dateOrder: 'dmy' });
    expect(reader.read(input).pickups.day[0]).toBe(parseIsoDay('2026-06-05'));
  });

  it('of a birth that nobody has lived since is scored without an age', () => {
    const input = message();
    input.messageData.demographics['birthdate'] = '1880-01-01 00:00:00';
    const { outcome, value } = screen(input);
    expect(outcome.ok).toBe(true);
    expect(value('age')).toBeNaN();
  });
});

/** The message's one dispensing replaced by these encounters and observations. */
function withForms(encounters: Json[], obs: Json[]): ReturnType<typeof message> {
  const input = message();
  Object.assign(input.messageData, { visits: [], encounters, obs });
  return input;
}

function dueOf(input: unknown): string | undefined {
  const { outcome } = screen(input);
  return outcome.ok ? outcome.row.dueDate : outcome.rejection.code;
}

const drug = (name: string | number, more: Json = {}): Json =>
  observe('p1', '2026-05-01', 'Medication dispensed', {
    ...(typeof name === 'number' ? { valueCoded: name } : { valueText: name }),
    ...more,
  });
const days = (valueNumeric: unknown, more: Json = {}): Json =>
  observe('p1', '2026-05-01', 'Medication duration', { valueNumeric, ...more });

describe('supply is that of the ARVs', () => {
  const TLD = 'TDF/3TC/DTG';
  it.each<[string, Json[], string]>([
    ['drug before days', [drug(TLD), days(60), drug('Septrin 480'), days(14)], '2026-06-30'],
    ['days before drug', [days(60), drug(TLD), days(14), drug('CTX')], '2026-06-30'],
    ['other drug first', [drug('Isoniazid 300mg'), days(180), drug(TLD), days(60)], '2026-06-30'],
    ['all drugs, then all days', [drug('INH'), drug(TLD), days(180), days(60)], '2026-06-30'],
    ['turned about', [drug(TLD), days(60), days(180), drug('Fluconazole')], '2026-06-30'],
    ['one named without days', [drug('Nystatin'), drug(TLD), days(60)], '2026-06-30'],
    ['coded drugs', [drug(165_257), days(180), drug(165_681), days(60)], '2026-06-30'],
    ['two ARVs', [drug('TDF/3TC'), days(60), drug('LPV/r'), days(60)], '2026-06-30'],
    ['no drug named', [days(60)], '2026-06-30'],
  ])('%s', (_, obs, due) => {
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], obs))).toBe(due);
  });

  it.each([
    'Cotrimoxazole 960mg',
    'CO-TRIMOXAZOLE',
    'Septrin',
    'Isoniazid',
    '3HP',
    'RHZE',
    'Multivitamin',
    'Paracetamol',
  ])('%s alone is no pickup', (name) => {
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], [drug(name), days(60)]))).toBe('no_pickup');
  });

  it.each([
    ['by obsGroupId', { obsGroupId: 71 }, { obsGroupId: 72 }, { obsId: 71 }, { obsId: 72 }],
    ['by obsGroupUuid', { obsGroupUuid: 'a' }, { obsGroupUuid: 'b' }, { obsUuid: 'a' }, { obsUuid: 'b' }],
    [
      'by the group’s concept alone',
      { obsGroupId: 71, obsGroupConceptId: 162_240 },
      { obsGroupId: 72, obsGroupConceptId: 165_726 },
      { obsId: 1 },
      { obsId: 2 },
    ],
  ])('groups tell it without a drug’s name, %s', (_, arv, other, arvGroup, otherGroup) => {
    const groups = [
      { ...observe('p1', '2026-05-01', 'x', {}), conceptId: 162_240, ...arvGroup },
      { ...observe('p1', '2026-05-01', 'x', {}), conceptId: 165_726, ...otherGroup },
    ];
    const grouped = [days(180, other), days(60, arv)];
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], [...grouped, ...groups]))).toBe('2026-06-30');
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], [...groups, ...grouped.toReversed()]))).toBe(
      '2026-06-30',
    );
  });

  it('groups may hold their members', () => {
    const group = (conceptId: number, ...groupMembers: Json[]) => ({
      ...observe('p1', '2026-05-01', 'x', {}),
      conceptId,
      groupMembers,
    });
    const obs = [group(165_728, days(180)), group(162_240, days(60))];
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], obs))).toBe('2026-06-30');
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], obs.slice(0, 1)))).toBe('no_pickup');
  });

  it.each<[unknown, string, string[]]>([
    [90, '2026-07-30', []],
    ['90', '2026-07-30', []],
    ['90.0 days', '2026-07-30', []],
    ['3 months', '2026-07-30', []],
    [3, '2026-07-30', ['supply_in_months']],
    [0.5, '2026-05-16', ['supply_in_months']],
    [7, '2026-05-08', []],
    [0, 'no_due_date', ['supply_out_of_range']],
    [-30, 'no_due_date', ['supply_out_of_range']],
    [9000, 'no_due_date', ['supply_out_of_range']],
    ['ninety', 'no_due_date', ['unreadable_value']],
  ])('of %j ends on %s', (duration, due, warnings) => {
    const reader = new NmrsReader();
    reader.read(withForms([pharmacy('p1', '2026-05-01')], [days(duration)]));
    expect([...reader.warnings.counts.keys()]).toEqual(warnings);
    const input = withForms([pharmacy('p1', '2026-05-01')], [days(duration)]);
    const out = new Float64Array(FEATURES.length);
    const outcome = new PatientScreen(parseIsoDay('2026-05-05')).screen(new NmrsReader().read(input), 1, out);
    expect(outcome.ok ? outcome.row.dueDate : outcome.rejection.code).toBe(due);
  });

  it('of 3 is three days where the next pickup or the appointment comes within two weeks', () => {
    const forms = [pharmacy('p1', '2026-05-01'), pharmacy('p2', '2026-05-05')];
    const obs = [days(3), observe('p2', '2026-05-05', 'Medication duration', { valueNumeric: 60 })];
    expect(dueOf(withForms(forms, obs))).toBe('2026-07-04');
    const appointment = observe('p1', '2026-05-01', 'Next appointment date', { valueText: '2026-05-04' });
    const out = new Float64Array(FEATURES.length);
    const input = withForms([pharmacy('p1', '2026-05-01')], [days(3), appointment]);
    const outcome = new PatientScreen(parseIsoDay('2026-05-05')).screen(new NmrsReader().read(input), 1, out);
    expect(outcome.ok && outcome.row.dueDate).toBe('2026-05-04');
  });
});

describe('forms', () => {
  it.each([
    'Client Tracking and Termination Form',
    'Laboratory Order and Result form',
    'Viral load result',
    'Phone call',
    'Defaulter Tracing',
    'Home Visit',
    'SMS reminder',
    'Index Contact Testing',
  ])('“%s” is no contact, nor is the visit that holds it alone', (pmmForm) => {
    const input = withForms(
      [pharmacy('p1', '2026-03-01'), pharmacy('x', '2026-06-10', { pmmForm })],
      [observe('p1', '2026-03-01', 'Medication duration', { valueNumeric: 90 })],
    );
    input.messageData.visits = [{ dateStarted: '2026-06-10 00:00:00' }];
    const { value } = screen(input);
    expect([value('total_visits'), value('clinical_visit_ratio'), value('days_since_last_visit')]).toEqual([
      1, 0, 121,
    ]);
  });

  it.each(['Care Card', 'Adult Initial Clinical Evaluation', 'ART Commencement Form', 'Antenatal register'])(
    '“%s” is a clinical contact',
    (pmmForm) => {
      const input = withForms([pharmacy('p1', '2026-03-01'), pharmacy('x', '2026-06-10', { pmmForm })], []);
      expect(screen(input).value('clinical_visit_ratio')).toBe(0.5);
    },
  );

  it.each([
    [{ pmmForm: 'PHARMACY ORDER FORM ' }],
    [{ pmmForm: null, formId: 27 }],
    [{ pmmForm: undefined, encounterType: 13 }],
    [{ pmmForm: 'ARV refill' }],
  ])('a dispensing is known by name, number or type: %j', (form) => {
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01', form)], [days(60)]))).toBe('2026-06-30');
  });

  it.each([
    ['Care Card', '2026-07-10'],
    ['Pharmacy Order Form', '2026-07-10'],
    ['Antenatal register', 'no_due_date'],
    ['Family Planning', 'no_due_date'],
  ])('an appointment given on “%s” makes the due date %s', (pmmForm, due) => {
    const input = withForms(
      [pharmacy('p1', '2026-06-01'), pharmacy('c', '2026-06-01', { pmmForm })],
      [observe('c', '2026-06-01', 'Next appointment date', { valueText: '2026-07-10' })],
    );
    expect(dueOf(input)).toBe(due);
  });
});

describe('an end of care', () => {
  it.each([
    ['Died', 'patient_died'],
    ['DEAD', 'patient_died'],
    ['Confirmed death', 'patient_died'],
    [165_889, 'patient_died'],
    ['165889', 'patient_died'],
    ['Transferred out to another facility', 'transferred_out'],
    ['Transfer out in May', 'transferred_out'],
    ['ART TO', 'transferred_out'],
    [159_492, 'transferred_out'],
    ['Stopped ART', 'stopped_treatment'],
    ['Discontinued care', 'stopped_treatment'],
    [165_916, 'stopped_treatment'],
    ['Stopped after the death of her husband', 'stopped_treatment'],
    ['LTFU', 'lost_to_follow_up'],
    ['Lost to follow up', 'lost_to_follow_up'],
    [5240, 'lost_to_follow_up'],
    ['Not dead - traced and returned', '2026-07-30'],
    ['patient is not dead', '2026-07-30'],
    ['No evidence of death', '2026-07-30'],
    ['Mother died, patient well', '2026-07-30'],
    ['Alive', '2026-07-30'],
    ['Transfer In', '2026-07-30'],
    ['transferred in from Kano', '2026-07-30'],
    ['Returned to care', '2026-07-30'],
    ['N/A', '2026-07-30'],
    ['', '2026-07-30'],
  ])('written %j means %s', (reason, expected) => {
    const input = message();
    const value = typeof reason === 'number' ? { valueCoded: reason } : { valueText: reason };
    input.messageData.obs.push(observe('t1', '2026-06-10', 'Reason for termination', value));
    expect(dueOf(input)).toBe(expected);
  });

  it('is outweighed by a later dispensing, which is noted', () => {
    const input = message();
    input.messageData.obs.push(
      observe('t1', '2026-06-10', 'Reason for termination', { valueText: 'Death' }),
      observe('p2', '2026-06-20', 'Medication duration', { valueNumeric: 30 }),
    );
    input.messageData.encounters.push(pharmacy('p2', '2026-06-20'));
    expect(screen(input).outcome).toMatchObject({ ok: true, row: { notes: ['dispensed_after_exit'] } });
  });

  it('may stand with the person', () => {
    const input = message();
    Object.assign(input.messageData.demographics, { dead: true, deathDate: '2026-06-01 00:00:00' });
    expect(dueOf(input)).toBe('patient_died');
  });
});

describe('findings are read as they are stored', () => {
  it.each<[string, Json, string, number]>([
    ['WHO stage', { valueCoded: 1206 }, 'who_stage', 3],
    ['WHO stage', { valueText: 'WHO STAGE 1 ADULT' }, 'who_stage', 1],
    ['WHO stage', { valueNumeric: 4 }, 'who_stage', 4],
    ['Functional Status', { valueCoded: '160026' }, 'functional_status', 1],
    ['Functional Status', { valueText: 'Bedridden' }, 'functional_status', 2],
    ['Functional Status', { valueCoded: 159_468 }, 'functional_status', 0],
    ['Tuberculosis symptom', { valueCoded: 142_177 }, 'has_tb_symptoms', 1],
    ['Tuberculosis symptom', { valueCoded: 1660 }, 'has_tb_symptoms', 0],
    ['Tuberculosis symptom', { valueText: 'Asymptomatic' }, 'has_tb_symptoms', 0],
    ['Tuberculosis symptom', { valueText: 'Completed TB treatment' }, 'has_tb_symptoms', 0],
    ['Tuberculosis symptom', { valueText: 'On TB treatment' }, 'has_tb_symptoms', 1],
    ['Tuberculosis symptom', { valueNumeric: 1, valueText: 'No' }, 'has_tb_symptoms', 0],
    ['Pregnancy', { valueCoded: 165_049 }, 'pregnancy_status', 2],
    ['Pregnancy', { valueText: 'Not pregnant' }, 'pregnancy_status', 0],
    ['ARV adherence', { valueCoded: 165_289 }, 'adherence_level', 2],
    ['ARV adherence', { valueText: '<85%' }, 'adherence_level', 2],
    ['ARV adherence', { valueText: 'Poor (<85%)' }, 'adherence_level', 2],
    ['ARV adherence', { valueText: '≥95%' }, 'adherence_level', 0],
    ['ARV adherence', { valueText: '85-94%' }, 'adherence_level', 1],
    ['ARV adherence', { valueNumeric: 2, valueText: 'Good' }, 'adherence_level', 0],
    ['Adherence counseling', { valueText: 'Yes' }, 'adherence_counseling_count', 1],
    ['Adherence counseling', { valueText: 'Not done' }, 'adherence_counseling_count', 0],
    ['Adherence counseling', { valueText: 'N/A' }, 'adherence_counseling_count', 0],
    ['Adherence counseling', { valueCoded: 1066 }, 'adherence_counseling_count', 0],
    ['Adherence counseling', {}, 'adherence_counseling_count', 0],
    ['Viral Load', { valueText: 'BDL' }, 'viral_load', 0],
    ['Viral Load', { valueText: '< 40 copies/ml' }, 'viral_load', 39],
    ['Viral Load', { valueText: '1,234' }, 'viral_load', 1234],
    ['Viral Load', { valueText: 'Sample rejected' }, 'viral_load', Number.NaN],
    ['Viral Load', { valueText: 'pending' }, 'viral_load', Number.NaN],
    ['Current regimen line', { valueText: '1st line (TDF/3TC/DTG)' }, 'regimen_line', 1],
    ['Current regimen line', { valueText: 'Second line (AZT/3TC/LPV/r)' }, 'regimen_line', 2],
    ['Current regimen line', { valueCoded: 164_513 }, 'regimen_line', 2],
    ['Current regimen line', { valueText: 'TDF/3TC/DTG' }, 'regimen_line', Number.NaN],
  ])('%s %j → %s %d', (variable, value, feature, expected) => {
    const input = message();
    input.messageData.obs.push(observe('p1', '2026-05-01', variable, value));
    expect(screen(input).value(feature)).toBe(expected);
  });

  it('one that cannot be read costs itself and is counted', () => {
    const reader = new NmrsReader();
    const input = message();
    input.messageData.demographics['birthdate'] = '1990-02-30';
    input.messageData.obs.push(
      observe('p1', '2026-05-01', 'Viral Load', { valueText: 'seven' }),
      observe('p1', '2026-05-01', 'Next appointment date', { valueText: '2 weeks' }),
      observe('p1', '2026-05-01', 'WHO stage', { valueText: 'unstaged' }),
    );
    input.messageData.visits.push({ dateStarted: null }, null as unknown as Json);
    reader.read(input);
    expect(Object.fromEntries(reader.warnings.counts)).toEqual({
      unreadable_date: 2,
      unreadable_value: 2,
      record_without_date: 1,
      not_a_record: 1,
    });
  });

  it('records of days to come are left out and counted', () => {
    const reader = new NmrsReader({ today: AS_OF });
    const input = message();
    input.messageData.encounters.push(pharmacy('p2', '2062-05-01'));
    input.messageData.obs.push(observe('p2', '2062-05-01', 'Medication duration', { valueNumeric: 30 }));
    expect(reader.read(input).pickups.count).toBe(1);
    expect([...reader.warnings.counts]).toEqual([['future_pickup', 1]]);
  });
});

describe('dates are read in every spelling of exports', () => {
  const dispensed = (spelled: unknown, more: Json[] = []) =>
    withForms(
      [pharmacy('p1', '', { encounterDatetime: spelled }), ...more],
      [{ ...days(60), obsDatetime: spelled }],
    );
  it.each<[unknown, string]>([
    ['2026-05-01', '2026-06-30'],
    ['2026-05-01T09:00:00', '2026-06-30'],
    ['2026-05-01 09:00:00.0', '2026-06-30'],
    ['2026-05-01T09:00:00.000+0100', '2026-06-30'],
    ['2026-04-30T23:30:00Z', '2026-06-30'],
    ['2026-04-30T22:30:00Z', '2026-06-29'],
    ['2026-05-01T00:10:00+01:00[Africa/Lagos]', '2026-06-30'],
    [Date.UTC(2026, 4, 1, 8), '2026-06-30'],
    [String(Date.UTC(2026, 4, 1, 8)), '2026-06-30'],
    [Date.UTC(2026, 4, 1, 8) / 1000, '2026-06-30'],
    [{ $date: '2026-05-01T08:00:00Z' }, '2026-06-30'],
    [{ $date: { $numberLong: String(Date.UTC(2026, 4, 1, 8)) } }, '2026-06-30'],
    [[2026, 5, 1], '2026-06-30'],
    [[2026, 5, 1, 9, 30], '2026-06-30'],
    [{ year: 2026, monthValue: 5, dayOfMonth: 1 }, '2026-06-30'],
    [20_260_501, '2026-06-30'],
    ['20260501', '2026-06-30'],
    ['20260501093000', '2026-06-30'],
    ['01-May-2026', '2026-06-30'],
    ['May 1, 2026 12:00:00 AM', '2026-06-30'],
    ['Fri May 01 09:00:00 WAT 2026', '2026-06-30'],
    ['Fri May 01 2026 09:00:00 GMT+0100 (West Africa Standard Time)', '2026-06-30'],
    ['Fri, 01 May 2026 08:00:00 GMT', '2026-06-30'],
    ['/Date(1777622400000)/', '2026-06-30'],
    ['2026/05/01', '2026-06-30'],
    ['05/05/2026', '2026-07-04'],
  ])('%j', (spelled, due) => {
    expect(dueOf(dispensed(spelled))).toBe(due);
  });

  it('with slashes by the order that another date of the message proves', () => {
    const card = (day: string) => [pharmacy('c', '', { pmmForm: 'Care Card', encounterDatetime: day })];
    expect(dueOf(dispensed('01/05/2026', card('28/04/2026')))).toBe('2026-06-30');
    expect(dueOf(dispensed('05/01/2026', card('04/28/2026')))).toBe('2026-06-30');
    expect(fault(dispensed('01/05/2026', card('02/05/2026')))).toEqual([
      'messageData.encounters[0].encounterDatetime',
      'ambiguous_date',
    ]);
  });

  it('on the day that they have in the place of the setting', () => {
    const input = dispensed('2026-04-30T23:30:00Z');
    const day = (zone: string) => new NmrsReader({ zone: timeZone(zone) }).read(input).pickups.day[0];
    expect(day('Africa/Lagos')).toBe(parseIsoDay('2026-05-01'));
    expect(day('UTC')).toBe(parseIsoDay('2026-04-30'));
  });

  it('of birth may be a year', () => {
    const input = message();
    input.messageData.demographics['birthdate'] = '1990';
    expect(screen(input).value('age')).toBe(35);
  });
});

describe('voided', () => {
  it.each([1, '1', true, 'true', 'TRUE', ' Yes ', 'y', 't', '1.0', 'voided', 2, 'perhaps', {}])(
    '%j never counts',
    (voided) => {
      const input = withForms([pharmacy('p1', '2026-05-01', { voided })], [days(60)]);
      expect(dueOf(input)).toBe('no_pickup');
      expect(dueOf(withForms([pharmacy('p1', '2026-05-01')], [days(60), days(90, { voided })]))).toBe(
        '2026-06-30',
      );
    },
  );

  it.each([0, '0', false, 'false', 'No', null, '', undefined, '0.0'])('%j counts', (voided) => {
    expect(dueOf(withForms([pharmacy('p1', '2026-05-01', { voided })], [days(60)]))).toBe('2026-06-30');
  });
});

describe('a patient who was transferred in', () => {
  it.each([
    ['by ART begun long before', observe('', '2026-05-01', 'ART start date', { valueText: '2015-03-01' })],
    ['by the care entry point', observe('', '2026-05-01', 'Care entry point', { valueCoded: 160_563 })],
    [
      'by the date',
      { ...observe('', '2026-05-01', 'x', { valueDatetime: '2026-05-01' }), conceptId: 160_534 },
    ],
    ['by prior ART', { ...observe('', '2026-05-01', 'x', { valueCoded: 165_239 }), conceptId: 165_242 }],
  ])('has an unknown history, not a clean one: %s', (_, evidence) => {
    const input = message();
    input.messageData.obs.push(evidence);
    const { value, outcome } = screen(input);
    for (const name of ['prior_iit_episodes', 'total_dispensations', 'total_visits', 'recent_vl_tests'])
      expect(value(name)).toBeNaN();
    expect(outcome).toMatchObject({ ok: true, row: { notes: ['history_unknown'] } });
  });

  it('is none who only entered care through testing, or started here', () => {
    const input = message();
    input.messageData.obs.push(
      observe('', '2026-05-01', 'Care entry point', { valueText: 'VCT' }),
      observe('', '2026-05-01', 'ART start date', { valueText: '2026-05-01' }),
    );
    expect(screen(input).value('prior_iit_episodes')).toBe(0);
  });
});

describe('a faulty NMRS message is refused by field', () => {
  const demographics = (change: Json) => {
    const input = message();
    Object.assign(input.messageData.demographics, change);
    return input;
  };
  const dispensedOn = (encounterDatetime: unknown) => {
    const input = message();
    input.messageData.visits = [];
    input.messageData.encounters = [pharmacy('p1', '', { encounterDatetime })];
    input.messageData.obs = [
      { ...observe('p1', '', 'Medication duration', { valueNumeric: 90 }), obsDatetime: encounterDatetime },
    ];
    return input;
  };
  it.each<[string, unknown, string, string]>([
    ['no object', [], '', 'not_an_object'],
    ['null', null, '', 'not_an_object'],
    ['no messageData', {}, 'messageData', 'missing_field'],
    [
      'no patientUuid',
      demographics({ patientUuid: '' }),
      'messageData.demographics.patientUuid',
      'missing_field',
    ],
    [
      'a fraction for patientUuid',
      demographics({ patientUuid: 7.5 }),
      'messageData.demographics.patientUuid',
      'bad_type',
    ],
    ...(
      [
        ['x'.repeat(65), 'too_long'],
        ['  ', 'missing_value'],
        ['NULL', 'missing_value'],
        ['a\u0000b', 'control_character'],
        ['a\r\nb', 'control_character'],
        ['a\ud800', 'invalid_encoding'],
      ] as const
    ).map(
      ([patientUuid, code]) =>
        [
          JSON.stringify(patientUuid),
          demographics({ patientUuid }),
          'messageData.demographics.patientUuid',
          code,
        ] as [string, unknown, string, string],
    ),
    [
      'an encounter without a date',
      {
        messageData: {
          ...message().messageData,
          encounters: [{ encounterUuid: 'e', pmmForm: 'Pharmacy Order Form' }],
        },
      },
      'messageData.encounters[0].encounterDatetime',
      'missing_field',
    ],
    [
      'encounters that are no list',
      { messageData: { ...message().messageData, encounters: 'none' } },
      'messageData.encounters',
      'bad_type',
    ],
    [
      'a dispensing of an ambiguous day',
      dispensedOn('05/06/2026'),
      'messageData.encounters[0].encounterDatetime',
      'ambiguous_date',
    ],
    [
      'a dispensing of no day',
      dispensedOn('Tuesday'),
      'messageData.encounters[0].encounterDatetime',
      'bad_date',
    ],
  ])('%s', (_, input, field, code) => {
    expect(fault(input)).toEqual([field, code]);
  });

  it('and the reader goes on to the next as if nothing had been', () => {
    const reader = new NmrsReader();
    expect(() => reader.read(demographics({ patientUuid: '' }))).toThrow(FieldFault);
    expect(reader.read(message()).pickups.count).toBe(1);
  });
});

// The last of the file: it counts what those before it have compared.
it('can be told in FHIR in most of what these tests tell', () => {
  expect(saidInFhir).toBeGreaterThan(80);
});
