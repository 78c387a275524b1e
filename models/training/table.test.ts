import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { FEATURES, featureIndex } from '#patients/features/features.ts';
import { WINDOW_DAYS } from '#patients/features/outcome.ts';
import { addPickup, addToSeries, emptyRecord, type PatientRecord } from '#patients/record/patient-record.ts';
import { AS_OF_DAYS_BEFORE_END, writeTrainingTable, type TrainingPatient } from './table.ts';

const END = parseIsoDay('2026-06-30');
const WIDTH = FEATURES.length + 5;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iit-table-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Pickups of 30 days each, every 30 days from `from` to `to` days before the end. */
function monthly(from: number, to: number): PatientRecord {
  const record = emptyRecord();
  record.facilityId = 'SYN00000001';
  for (let ago = from; ago >= to; ago -= 30) addPickup(record.pickups, END - ago, END - ago, 30, 1, 1);
  return record;
}

async function table(...records: readonly PatientRecord[]) {
  const patients = records.map((record): TrainingPatient => ({
    facilityId: record.facilityId,
    recordOn: () => record,
    wholeRecord: () => record,
  }));
  const describe = () => ({ synthetic: true, source: 'SYNTHETIC test', format: 'records' as const });
  const summary = await writeTrainingTable(patients, { directory, end: END, describe });
  const bytes = await readFile(join(directory, 'table.f64'));
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const rows = Array.from({ length: values.length / WIDTH }, (_, i) =>
    values.subarray(i * WIDTH, (i + 1) * WIDTH),
  );
  const meta = JSON.parse(await readFile(join(directory, 'table.json'), 'utf8')) as {
    columns: string[];
    settling_days: number;
    facilities: { cut_off: number; patients: number }[];
  };
  return { summary, rows, meta };
}

const LABEL = FEATURES.length;
const AS_OF = FEATURES.length + 2;

describe('the training table', () => {
  it('splits by time: no window of one split reaches past the first as-of date of the next', () => {
    const { before, train, validation, test } = AS_OF_DAYS_BEFORE_END;
    expect(Math.min(...before) - WINDOW_DAYS).toBeGreaterThanOrEqual(Math.max(...train));
    expect(Math.min(...train) - WINDOW_DAYS).toBeGreaterThanOrEqual(Math.max(...validation));
    expect(Math.min(...validation) - WINDOW_DAYS).toBeGreaterThanOrEqual(Math.max(...test));
    expect(Math.min(...test)).toBeGreaterThanOrEqual(WINDOW_DAYS);
  });

  it('has a row for each as-of date in care, labelled by what came after', async () => {
    // Comes until 300 days before the end, then never again: due 270, interrupted 242 days before the end.
    const { rows, meta, summary } = await table(monthly(900, 300));
    expect(meta.columns).toHaveLength(WIDTH);
    expect(summary).toEqual({ rows: rows.length, patients: 1 });
    const labels = new Map(rows.map((row) => [END - row[AS_OF]!, row[LABEL]]));
    expect(labels.get(780)).toBe(0);
    expect(labels.get(420)).toBe(0);
    expect(labels.get(330)).toBe(1);
    expect(labels.get(270)).toBe(1);
    expect(labels.has(180)).toBe(false);
  });

  it('has the punctual of a silent site for punctual, whatever was typed in by accident since', async () => {
    // 60 patients whose site stopped reporting 170 days before the end, and one visit typed in on the last day.
    const patients = Array.from({ length: 60 }, (_, i) => monthly(900 + (i % 30), 170));
    addToSeries(patients[0]!.visits, END, END, 0);
    const { rows, meta } = await table(...patients);
    const [site] = meta.facilities;
    const known = rows.filter((row) => row[AS_OF]! + WINDOW_DAYS + meta.settling_days <= site!.cut_off);
    expect(known.length).toBeGreaterThan(400);
    expect(known.filter((row) => row[LABEL] === 1)).toEqual([]);
  });

  it('shows a row only what was known on its date', async () => {
    const { rows } = await table(monthly(900, 0));
    for (const row of rows) expect(row[featureIndex('days_since_last_refill')]).toBeLessThan(30);
    expect(rows).toHaveLength(12);
  });

  it('leaves out those who die in the window', async () => {
    const record = monthly(900, 300);
    addToSeries(record.observations.death, END - 280, END - 200, 1);
    const { rows } = await table(record);
    const days = rows.map((row) => END - row[AS_OF]!);
    expect(days).not.toContain(330);
    expect(days).toContain(420);
  });

  it('tells each facility’s data cut-off and size', async () => {
    const { meta } = await table(monthly(900, 150), monthly(900, 90));
    expect(meta.facilities).toEqual([{ id: 'SYN00000001', cut_off: END - 90, patients: 2 }]);
  });
});
