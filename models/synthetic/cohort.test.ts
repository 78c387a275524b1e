import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { Extractor } from '#patients/features/extract.ts';
import { FEATURE_NAMES, FEATURES, featureIndex } from '#patients/features/features.ts';
import { History } from '#patients/features/history.ts';
import { isAtRisk, labelOf, standing } from '#patients/features/outcome.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { readHeader } from '#patients/sources/line-list/columns.ts';
import { fillRecord } from '#patients/sources/line-list/fill-record.ts';
import { rowReaderFor } from '#patients/sources/line-list/row-reader.ts';
import { unknownFeatures } from '#patients/sources/line-list/unknown-features.ts';
import { Cohort, NO_SHIFT, type CohortOptions } from './cohort.ts';
import { readCommand } from './options.ts';
import { RowWriter } from './row-writer.ts';
import { writeCohort } from './write-cohort.ts';
import { writeNmrsMessage } from './write-nmrs.ts';
import { radetCsvHeader, RadetWriter } from './write-radet.ts';

const AS_OF = parseIsoDay('2026-06-30');
const WIDTH = FEATURES.length;

function cohortOf(options: Partial<CohortOptions> = {}): Cohort {
  return new Cohort({
    rows: 2000,
    seed: 7,
    asOf: AS_OF,
    population: 'active',
    extraHistoryDays: 0,
    shift: NO_SHIFT,
    ...options,
  });
}

/** All that a command writes, and how often it waited for the reader. */
async function written(...args: string[]): Promise<{ text: string; waits: number }> {
  let text = '';
  let waits = 0;
  const slow = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      waits++;
      setImmediate(done);
    },
  });
  await writeCohort(readCommand(args), slow);
  return { text, waits };
}

describe('the flat cohort', () => {
  it('has equal bytes for an equal seed, others for another', async () => {
    const hash = async (...args: string[]) =>
      createHash('sha256')
        .update((await written('--rows', '500', ...args)).text)
        .digest('hex');
    for (const kind of [
      [],
      ['--format', 'ndjson'],
      ['--kind', 'nmrs'],
      ['--kind', 'radet', '--snapshots', '3'],
    ])
      expect(await hash(...kind, '--seed', '3')).toBe(await hash(...kind, '--seed', '3'));
    expect(await hash('--seed', '3')).not.toBe(await hash('--seed', '4'));
  });

  it('makes a patient the same whoever was made before', () => {
    const cohort = cohortOf();
    cohort.make(41);
    const first = cohort.features.slice();
    cohort.make(7);
    cohort.make(1999);
    cohort.make(41);
    expect(cohort.features).toEqual(first);
  });

  it('says the same as CSV and as NDJSON, and that it is synthetic', async () => {
    const csv = (await written('--rows', '200')).text.trimEnd().split('\n');
    const ndjson = (await written('--rows', '200', '--format', 'ndjson')).text.trimEnd().split('\n');
    const header = csv[0]!.split(',');
    expect(header).toEqual(['patient_id', 'facility_id', 'due_date', ...FEATURE_NAMES]);
    expect(csv).toHaveLength(201);
    for (const [i, line] of ndjson.entries()) {
      const row = JSON.parse(line) as Record<string, string | number | null>;
      expect(Object.keys(row)).toEqual(header);
      expect(header.map((name) => String(row[name] ?? '')).join(',')).toBe(csv[i + 1]);
      expect(row['patient_id']).toMatch(/^SYN-/);
    }
  });

  it('waits for a slow reader', async () => {
    expect((await written('--rows', '6000')).waits).toBeGreaterThan(3);
  });

  it('keeps every value within its feature’s range, as integers where the kind says so', () => {
    const cohort = cohortOf();
    const strays = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      cohort.make(i);
      for (const [j, feature] of FEATURES.entries()) {
        const value = cohort.features[j]!;
        if (value < feature.min || value > feature.max) strays.add(feature.name);
        if (feature.kind !== 'numeric' && !Number.isNaN(value) && !Number.isInteger(value))
          strays.add(feature.name);
      }
    }
    expect([...strays]).toEqual([]);
  });
});

describe('one cohort in every format', () => {
  it('the flat row is what the extractor makes of the NMRS message, bit for bit', () => {
    const cohort = cohortOf();
    const reader = new NmrsReader();
    const extractor = new Extractor();
    const out = new Float64Array(WIDTH);
    const writer = new RowWriter();
    for (let i = 0; i < 2000; i++) {
      cohort.make(i);
      writeNmrsMessage(cohort, writer);
      const record = reader.read(JSON.parse(writer.take().toString()));
      extractor.extract(record, AS_OF, out);
      expect(out).toEqual(cohort.features);
      expect(extractor.dueDate()).toBe(cohort.extractor.dueDate());
      expect([record.patientId, record.facilityId]).toEqual([
        cohort.record.patientId,
        cohort.record.facilityId,
      ]);
    }
  });

  it.each([
    [1, 0],
    [18, 1500],
  ])(
    'what %i RADET snapshots know equals what the EMR knows, but for stock in hand',
    (snapshots, leastLateness) => {
      const unequal = new Set<string>();
      const cohort = cohortOf();
      const titles = radetCsvHeader().trimEnd().split(',');
      const reader = rowReaderFor(titles);
      const unknown = unknownFeatures(readHeader(titles).layout, true);
      const writer = new RowWriter();
      const radet = new RadetWriter(snapshots);
      const record = emptyRecord();
      const extractor = new Extractor();
      const out = new Float64Array(WIDTH);
      const known = Array.from({ length: WIDTH }, () => 0);
      for (let i = 0; i < 2000; i++) {
        cohort.make(i);
        radet.write(cohort, writer);
        const rows = writer.take().toString().trimEnd().split('\n');
        const read = rows.map((row, at) => reader.read(row.split(','), { line: at + 2, rowNo: at + 1 }));
        expect(read.filter(({ fault }) => fault !== undefined)).toEqual([]);
        fillRecord(read, AS_OF, record);
        extractor.extract(record, AS_OF, out);
        // Without the days of supply a line list has no due date: the EMR may have an appointment.
        const hasSupply = !Number.isNaN(cohort.features[featureIndex('last_days_supply')]!);
        for (const [j, feature] of FEATURES.entries()) {
          const isKnown = !Number.isNaN(out[j]!);
          if (isKnown) known[j]!++;
          if (!hasSupply || (!isKnown && feature.lineList !== 'snapshot')) continue;
          if (feature.name.endsWith('_season')) continue;
          // Pickups that no snapshot shows may have left stock: a list's due date is never later, its lateness never less.
          const [list, emr] = [out[j]!, cohort.features[j]!];
          const isInLine =
            feature.name === 'days_to_due'
              ? list <= emr
              : feature.name.startsWith('late_')
                ? list >= emr
                : Object.is(list, emr);
          if (!isInLine) unequal.add(feature.name);
        }
      }
      expect([...unequal]).toEqual([]);
      expect(unknown.map((name) => known[featureIndex(name)])).toEqual(unknown.map(() => 0));
      expect(known[featureIndex('late_days_last')]).toBeGreaterThanOrEqual(leastLateness);
    },
  );
});

describe('the planted effects', () => {
  it('interrupt about 4 % of those in care in 90 days, more of the new and of those with a planted risk', () => {
    const asOf = AS_OF - 150;
    const cohort = cohortOf({ population: 'ever', extraHistoryDays: 150 });
    const extractor = new Extractor();
    const scratch = new History();
    const out = new Float64Array(WIDTH);
    const months = featureIndex('months_on_art');
    const tally = { all: [0, 0], fresh: [0, 0], atRisk: [0, 0] };
    /** Interruptions among the at-risk with and without each planted risk. */
    const planted: readonly (readonly [name: string, isExposed: (value: number) => boolean])[] = [
      ['prior_iit_episodes', (value) => value > 0],
      ['late_pickups_of_5', (value) => value >= 3],
      ['viral_load_suppressed', (value) => value === 0],
      ['out_of_catchment', (value) => value === 1],
      ['gender', (value) => value === 1],
      ['who_stage', (value) => value >= 3],
    ];
    const exposure = planted.map(() => ({ exposed: [0, 0], others: [0, 0] }));
    const count = (cell: number[], label: number) => {
      cell[0]!++;
      cell[1]! += label;
    };
    for (let i = 0; i < 30_000; i++) {
      cohort.make(i);
      extractor.extract(cohort.record, asOf, out);
      if (standing(extractor.history) !== 'in_care') continue;
      const label = labelOf(cohort.record, asOf, scratch);
      if (Number.isNaN(label)) continue;
      count(tally.all, label);
      if (isAtRisk(extractor.history)) {
        count(tally.atRisk, label);
        for (const [i, [name, isExposed]] of planted.entries()) {
          const value = out[featureIndex(name)]!;
          if (!Number.isNaN(value))
            count(isExposed(value) ? exposure[i]!.exposed : exposure[i]!.others, label);
        }
      }
      if (out[months]! < 6) count(tally.fresh, label);
    }
    const rate = ([n, positives]: number[]) => positives! / n!;
    expect(rate(tally.all)).toBeGreaterThan(0.033);
    expect(rate(tally.all)).toBeLessThan(0.047);
    expect(rate(tally.fresh)).toBeGreaterThan(0.07);
    expect(rate(tally.fresh)).toBeLessThan(0.15);
    expect(rate(tally.atRisk)).toBeGreaterThan(rate(tally.all));
    const unseen = planted.filter((_, i) => rate(exposure[i]!.exposed) <= rate(exposure[i]!.others));
    expect(unseen.map(([name]) => name)).toEqual([]);
  }, 60_000);

  it('leave the mess in: missing viral loads, late entries, records not known on the night', () => {
    const cohort = cohortOf();
    let withoutLoad = 0;
    let late = 0;
    for (let i = 0; i < 2000; i++) {
      cohort.make(i);
      if (cohort.features[featureIndex('has_vl_data')] === 0) withoutLoad++;
      const { pickups } = cohort.record;
      for (let p = 0; p < pickups.count; p++) if (pickups.known[p]! > AS_OF) late++;
    }
    expect(withoutLoad).toBeGreaterThan(100);
    expect(late).toBeGreaterThan(20);
  });

  it('move with a shift: ages by the years given, lateness by the factor', () => {
    const mean = (cohort: Cohort, name: string) => {
      let sum = 0;
      let n = 0;
      for (let i = 0; i < 1500; i++) {
        cohort.make(i);
        const value = cohort.features[featureIndex(name)]!;
        if (Number.isNaN(value)) continue;
        sum += value;
        n++;
      }
      return sum / n;
    };
    const shift = { ages: 10, lateness: 2 };
    expect(mean(cohortOf({ shift }), 'age') - mean(cohortOf(), 'age')).toBeCloseTo(10, 0);
    const plain = mean(cohortOf(), 'late_days_mean_10');
    expect(mean(cohortOf({ shift }), 'late_days_mean_10')).toBeGreaterThan(1.6 * plain);
  });
});

describe('sites', () => {
  it('are heavy-tailed: the greatest tenth holds most of the patients', () => {
    const cohort = cohortOf({ rows: 100_000 });
    const sizes = new Map<string, number>();
    for (let i = 0; i < 5000; i++) {
      cohort.make(i);
      sizes.set(cohort.record.facilityId, (sizes.get(cohort.record.facilityId) ?? 0) + 1);
    }
    const sorted = [...sizes.values()].sort((a, b) => b - a);
    const top = sorted.slice(0, 14).reduce((a, b) => a + b, 0);
    expect(top / 5000).toBeGreaterThan(0.35);
    for (const id of sizes.keys()) expect(id).toMatch(/^SYN[0-9A-Z]{8}$/);
  });
});

describe('the command line', () => {
  it('names every wrong option at once', () => {
    expect(() => readCommand(['--rows', 'x', '--seed=-1', '--kind', 'pdf', '--as-of', '1.1.2025'])).toThrow(
      /^(?=[\s\S]*--rows)(?=[\s\S]*--seed)(?=[\s\S]*--kind)(?=[\s\S]*--as-of)/,
    );
    expect(() => readCommand(['--shift', 'height=2'])).toThrow('--shift');
    expect(() => readCommand(['--population', 'ever'])).toThrow('--population ever');
  });

  it('has defaults that make a cohort', () => {
    expect(readCommand([])).toMatchObject({ kind: 'flat', format: 'csv', cohort: { rows: 1000, seed: 1 } });
  });
});
