import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Extractor } from './extract.ts';
import { FEATURE_NAMES, FEATURES } from './features.ts';
import {
  addPickup,
  addToSeries,
  emptyRecord,
  OBSERVATION_KINDS,
  type ObservationKind,
  type PatientRecord,
} from '../record/patient-record.ts';

const AS_OF = 20_500;

interface Entry {
  readonly what: 'pickup' | 'visit' | ObservationKind;
  readonly day: number;
  readonly delay: number;
  readonly value: number;
}

const entry: fc.Arbitrary<Entry> = fc.record({
  what: fc.constantFrom('pickup', 'visit', ...OBSERVATION_KINDS),
  day: fc.integer({ min: AS_OF - 1200, max: AS_OF + 400 }),
  delay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })),
  value: fc.constantFrom(0, 1, 2, 30, 90, 180),
});

function recordOf(entries: readonly Entry[]): PatientRecord {
  const record = emptyRecord();
  record.birthDay = AS_OF - 12_000;
  record.sex = 0;
  for (const { what, day, delay, value } of entries) {
    if (what === 'pickup') addPickup(record.pickups, day, day + delay, value || Number.NaN, value, 1);
    else if (what === 'visit') addToSeries(record.visits, day, day + delay, value === 1 ? 1 : 0);
    else {
      const isDate = what === 'artStart' || what === 'nextAppointment';
      addToSeries(record.observations[what], day, day + delay, isDate ? day : value);
    }
  }
  return record;
}

function vector(entries: readonly Entry[]): Record<string, number> {
  const out = new Float64Array(FEATURES.length);
  new Extractor().extract(recordOf(entries), AS_OF, out);
  return Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, out[i]!]));
}

const isSeen = (e: Entry) => e.day <= AS_OF && e.day + e.delay <= AS_OF;

describe('no feature sees past the as-of date', () => {
  it('records dated or typed in after it change nothing', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        expect(vector(entries)).toEqual(vector(entries.filter(isSeen)));
      }),
      { numRuns: 400 },
    );
  });

  it('a record moved past it is as good as gone', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 30 }), fc.nat(), (entries, pick) => {
        const moved = pick % entries.length;
        const later = entries.map((e, i) => (i === moved ? { ...e, day: AS_OF + 1 + (e.day % 300) } : e));
        expect(vector(later)).toEqual(vector(entries.toSpliced(moved, 1)));
      }),
      { numRuns: 400 },
    );
  });

  it('the order in which records come is no matter, but for the wording of one dispensing entered twice', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { maxLength: 30, selector: (e) => `${e.what} ${e.day}` }),
        (entries) => {
          expect(vector(entries.toReversed())).toEqual(vector(entries));
        },
      ),
      { numRuns: 300 },
    );
  });
});
