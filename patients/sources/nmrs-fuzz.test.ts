import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FEATURES } from '#patients/features/features.ts';
import { NmrsReader } from './nmrs.ts';
import { FieldFault, PatientScreen } from './patient-input.ts';

const AS_OF = 20_634;
const reader = new NmrsReader();
const screen = new PatientScreen(AS_OF);
const out = new Float64Array(FEATURES.length);

/** Reads and screens; faults of the data are told, anything else would be ours. */
function take(message: unknown): 'row' | 'refused' {
  try {
    return screen.screen(reader.read(message), 1, out).ok ? 'row' : 'refused';
  } catch (error) {
    if (error instanceof FieldFault) return 'refused';
    throw error;
  }
}

const day = fc.constantFrom(
  '2026-05-01 00:00:00',
  '2024-01-31',
  '2026-06-30T10:00:00',
  '2031-01-01',
  'gestern',
  '',
);
const odd = fc.oneof(day, fc.jsonValue({ maxDepth: 1 }));
const variable = fc.constantFrom(
  'Medication duration',
  'regimen',
  'Viral Load',
  'WHO stage',
  'ART start date',
  'Next appointment date',
  'Date of termination',
  'Reason for termination',
  'constructor',
);
const message = fc.record({
  messageHeader: fc.oneof(fc.constant(undefined), fc.record({ facilityDatimCode: odd, facilityState: odd })),
  messageData: fc.record({
    demographics: fc.record({ patientUuid: fc.oneof(fc.constant('p'), odd), birthdate: odd, gender: odd }),
    visits: fc.array(fc.record({ dateStarted: day, voided: odd }), { maxLength: 4 }),
    encounters: fc.array(
      fc.record({
        encounterUuid: fc.constantFrom('a', 'b', '__proto__'),
        encounterDatetime: day,
        pmmForm: fc.oneof(fc.constant('Pharmacy Order Form'), odd),
        dateCreated: odd,
        voided: fc.constantFrom(0, 1),
      }),
      { maxLength: 6 },
    ),
    obs: fc.array(
      fc.record({
        encounterUuid: fc.constantFrom('a', 'b', '__proto__', 'c'),
        obsDatetime: day,
        variableName: variable,
        valueNumeric: odd,
        valueText: odd,
        valueCoded: odd,
        voided: fc.constantFrom(0, 1),
      }),
      { maxLength: 8 },
    ),
  }),
});

const findings = fc.array(
  fc.record({
    encounterUuid: fc.constantFrom('a', 'b'),
    obsDatetime: fc.constantFrom('2026-05-01 00:00:00', '2024-01-31', '2031-01-01', '1970-01-01'),
    variableName: variable,
    valueNumeric: fc.oneof(fc.double(), fc.integer({ min: -1, max: 400 })),
  }),
  { maxLength: 8 },
);

describe('NMRS messages of any kind', () => {
  it('are read or refused by field, never worse', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), message), (input) => {
        expect(['row', 'refused']).toContain(take(input));
      }),
      { numRuns: 2000 },
    );
  });

  it('give only finite values within their ranges, or missing ones', () => {
    fc.assert(
      fc.property(findings, (obs) => {
        const input = {
          messageData: {
            demographics: { patientUuid: 'p', birthdate: '1990-01-01' },
            encounters: [
              { encounterUuid: 'a', encounterDatetime: '2026-06-01', pmmForm: 'Pharmacy Order Form' },
            ],
            obs: [
              {
                encounterUuid: 'a',
                obsDatetime: '2026-06-01',
                variableName: 'Medication duration',
                valueNumeric: 90,
              },
              ...obs,
            ],
          },
        };
        const taken = take(input);
        const strays = FEATURES.filter((f, i) => out[i]! < f.min || out[i]! > f.max).map((f) => f.name);
        expect(taken === 'row' ? strays : []).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
