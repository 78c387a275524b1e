import { describe, expect, it } from 'vitest';
import { FEATURES, featureIndex } from '#patients/features/features.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
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

function screen(input: unknown): { outcome: PatientOutcome; value: (name: string) => number } {
  const out = new Float64Array(FEATURES.length);
  const outcome = new PatientScreen(AS_OF).screen(new NmrsReader().read(input), 1, out);
  return { outcome, value: (name) => out[featureIndex(name)]! };
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
      row: { patientId: 'SYN-1-1', facilityId: 'SYN00000001', dueDate: '2026-07-30', isAtRisk: true },
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

  it('is refused for a value outside a feature’s range, by its name', () => {
    const input = message();
    input.messageData.demographics['birthdate'] = '1880-01-01 00:00:00';
    expect(screen(input).outcome).toMatchObject({
      ok: false,
      rejection: { record: 1, field: 'age', code: 'out_of_range' },
    });
  });
});

describe('a faulty NMRS message is refused by field', () => {
  const demographics = (change: Json) => {
    const input = message();
    Object.assign(input.messageData.demographics, change);
    return input;
  };
  const withObs = (value: Json) => {
    const input = message();
    input.messageData.obs.push(observe('p1', '2026-05-01', 'Viral Load', value));
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
      'a number for patientUuid',
      demographics({ patientUuid: 7 }),
      'messageData.demographics.patientUuid',
      'bad_type',
    ],
    [
      '65 characters',
      demographics({ patientUuid: 'x'.repeat(65) }),
      'messageData.demographics.patientUuid',
      'bad_value',
    ],
    [
      'a birthdate of 30 February',
      demographics({ birthdate: '1990-02-30' }),
      'messageData.demographics.birthdate',
      'bad_date',
    ],
    [
      'text for a viral load',
      withObs({ valueText: 'see folder' }),
      'messageData.obs[1].valueText',
      'bad_number',
    ],
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
      'a null among the visits',
      { messageData: { ...message().messageData, visits: [null] } },
      'messageData.visits[0]',
      'bad_type',
    ],
  ])('%s', (_, input, field, code) => {
    expect(fault(input)).toEqual([field, code]);
  });

  it('and the reader goes on to the next as if nothing had been', () => {
    const reader = new NmrsReader();
    expect(() => reader.read(withObs({ valueText: 'see folder' }))).toThrow(FieldFault);
    expect(reader.read(message()).pickups.count).toBe(1);
  });
});
