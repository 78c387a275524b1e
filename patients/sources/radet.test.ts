import { describe, expect, it } from 'vitest';
import { FEATURES, featureIndex } from '#patients/features/features.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { FieldFault, PatientScreen, type PatientOutcome } from './patient-input.ts';
import { fillFromRadet, RadetReader } from './radet.ts';
import { isRadetHeader } from './radet-columns.ts';
import { RadetJoin } from './radet-join.ts';

const AS_OF = parseIsoDay('2026-06-30');
const HEADER = [
  'DatimId',
  'Unique Id',
  'Sex',
  'Date of Birth (yyyy-mm-dd)',
  'Age',
  'ART Start Date (yyyy-mm-dd)',
  'Last Pickup Date (yyyy-mm-dd)',
  'Months of ARV Refill',
  'Current Regimen Line',
  'Clinical Staging at Last Visit',
  'Date of Viral Load Sample Collection (yyyy-mm-dd)',
  'Current Viral Load (c/ml)',
  'Current ART Status',
  'DSD Model',
  'Snapshot Date',
];

type Cells = Partial<Record<(typeof HEADER)[number], string>>;

const ROW: Cells = {
  DatimId: 'SYN00000001',
  'Unique Id': 'SYN-1-1',
  Sex: 'Female',
  'Date of Birth (yyyy-mm-dd)': '30/06/1990',
  'ART Start Date (yyyy-mm-dd)': '01-Jan-2020',
  'Last Pickup Date (yyyy-mm-dd)': '2026-05-01',
  'Months of ARV Refill': '3',
  'Current Regimen Line': 'First Line',
  'Clinical Staging at Last Visit': 'Stage III',
  'Date of Viral Load Sample Collection (yyyy-mm-dd)': '46023',
  'Current Viral Load (c/ml)': '<20',
  'Current ART Status': 'Active',
  'DSD Model': 'Community Pharmacy or home delivery',
};

const reader = new RadetReader(HEADER);
const cellsOf = (row: Cells) => HEADER.map((title) => row[title] ?? '');

function screen(...rows: readonly Cells[]): { outcome: PatientOutcome; value: (name: string) => number } {
  const out = new Float64Array(FEATURES.length);
  const record = emptyRecord();
  fillFromRadet(
    rows.map((row) => reader.read(cellsOf({ ...ROW, ...row }))),
    AS_OF,
    record,
  );
  const outcome = new PatientScreen(AS_OF).screen(record, 1, out);
  return { outcome, value: (name) => out[featureIndex(name)]! };
}

function fault(action: () => unknown): [string, string] {
  try {
    action();
  } catch (error) {
    if (error instanceof FieldFault) return [error.field, error.code];
    throw error;
  }
  throw new Error('no fault');
}

const snapshot = (date: string, pickup: string, months = '1'): Cells => ({
  'Snapshot Date': date,
  'Last Pickup Date (yyyy-mm-dd)': pickup,
  'Months of ARV Refill': months,
});

describe('one snapshot', () => {
  it('gives what a snapshot can know, and leaves the rest missing', () => {
    const { outcome, value } = screen({});
    expect(outcome).toMatchObject({
      ok: true,
      row: { patientId: 'SYN-1-1', facilityId: 'SYN00000001', dueDate: '2026-07-30' },
    });
    expect(value('age')).toBe(36);
    expect(value('days_to_due')).toBe(30);
    expect(value('who_stage')).toBe(3);
    expect(value('viral_load')).toBe(19);
    expect(value('viral_load_suppressed')).toBe(1);
    expect(value('viral_load_age_days')).toBe(180);
    expect(value('dsd_model')).toBe(4);
    for (const name of reader.unknownFeatures(false)) expect([name, value(name)]).toEqual([name, Number.NaN]);
  });

  it('says which features it cannot know', () => {
    const unknown = reader.unknownFeatures(false);
    expect(unknown).toContain('late_days_mean_5');
    expect(unknown).toContain('total_visits');
    expect(unknown).not.toContain('age');
    expect(new RadetReader(HEADER.filter((h) => h !== 'DSD Model')).unknownFeatures(false)).toContain(
      'dsd_model',
    );
    expect(reader.unknownFeatures(true)).not.toContain('late_days_mean_5');
  });

  it('takes the age printed on it where there is no birth date', () => {
    const { value } = screen({ 'Date of Birth (yyyy-mm-dd)': '', Age: '41', 'Snapshot Date': '2026-06-30' });
    expect(value('age')).toBe(41);
  });

  it.each([
    ['2026-05-04', true],
    ['2026-05-03', true],
    ['2026-05-02', false],
  ])('with a month given on %s is scored: %s (days 27, 28, 29 past due)', (pickup, isScored) => {
    const { outcome } = screen({ 'Last Pickup Date (yyyy-mm-dd)': pickup, 'Months of ARV Refill': '1' });
    expect(outcome.ok).toBe(isScored);
  });

  it.each([
    ['Died', 'patient_died'],
    ['ART Transfer Out', 'transferred_out'],
  ])('with the status %s is not scored', (status, code) => {
    expect(screen({ 'Current ART Status': status }).outcome).toMatchObject({ rejection: { code } });
  });

  it('with the status ART Transfer In is', () => {
    expect(screen({ 'Current ART Status': 'ART Transfer In' }).outcome.ok).toBe(true);
  });
});

describe('stacked snapshots', () => {
  const months = [
    snapshot('2026-03-31', '2026-03-20'),
    snapshot('2026-04-30', '2026-04-26'),
    snapshot('2026-05-30', '2026-05-26'),
    snapshot('2026-06-29', '2026-06-25'),
  ];

  it('show lateness where no pickup can have been missed', () => {
    const { value } = screen(...months);
    expect(value('late_days_mean_3')).toBe(2.33);
    expect(value('late_days_mean_5')).toBeNaN();
    expect(value('refill_frequency_3m')).toBe(3);
  });

  it('in any order', () => {
    expect(screen(...months.toReversed()).value('late_days_mean_3')).toBe(2.33);
  });

  it('leave lateness missing where one may have been missed', () => {
    const { value } = screen(snapshot('2026-03-31', '2026-03-20'), snapshot('2026-06-29', '2026-06-25'));
    expect(value('late_days_last')).toBeNaN();
  });

  it('after the as-of date are not looked at', () => {
    const later = snapshot('2026-07-30', '2026-07-28');
    expect(screen(...months, later).outcome).toEqual(screen(...months).outcome);
    expect(fault(() => screen(later))).toEqual(['Snapshot Date', 'future_date']);
  });

  it('are joined by DatimId and Unique Id wherever they stand, up to the bound', () => {
    const join = new RadetJoin(4);
    for (const [line, id] of ['a', 'b', 'a', 'b'].entries())
      join.add(reader.read(cellsOf({ ...ROW, 'Unique Id': id })), line + 2);
    expect([...join.patients()].map(({ line, rows }) => [line, rows.length])).toEqual([
      [2, 2],
      [3, 2],
    ]);
    expect(() => join.add(reader.read(cellsOf(ROW)), 6)).toThrow('more than 4 rows');
  });
});

describe('headers', () => {
  it('are found by their letters and digits, in any order', () => {
    const loose = new RadetReader(['months of ARV refill', 'last_pickup_date', ' UNIQUE ID ', 'Whatever']);
    expect(loose.read(['2', '01/02/2026', 'x', ''])).toMatchObject({ patientId: 'x', supply: 60 });
  });

  it('that lack a needed column, or have one twice, are refused by name', () => {
    expect(fault(() => new RadetReader(['Unique Id', 'Last Pickup Date']))).toEqual([
      'Months of ARV Refill',
      'missing_field',
    ]);
    expect(fault(() => new RadetReader([...HEADER, 'Gender']))).toEqual(['Gender', 'bad_value']);
    expect(isRadetHeader(HEADER)).toBe(true);
    expect(isRadetHeader(['patient_id', 'age'])).toBe(false);
  });
});

describe('a faulty row is refused by column', () => {
  it.each<[Cells, string, string]>([
    [{ 'Unique Id': ' ' }, 'Unique Id', 'missing_field'],
    [{ 'Unique Id': 'x'.repeat(65) }, 'Unique Id', 'bad_value'],
    [{ 'Last Pickup Date (yyyy-mm-dd)': '12/25/2026' }, 'Last Pickup Date (yyyy-mm-dd)', 'bad_date'],
    [{ 'Months of ARV Refill': 'three' }, 'Months of ARV Refill', 'bad_number'],
    [{ 'Current Viral Load (c/ml)': 'pending' }, 'Current Viral Load (c/ml)', 'bad_number'],
  ])('%j', (row, field, code) => {
    expect(fault(() => reader.read(cellsOf({ ...ROW, ...row })))).toEqual([field, code]);
  });
});
