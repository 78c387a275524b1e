import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NO_FACILITY } from '#shared/chunks/payload.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { FEATURE_NAMES } from '#patients/features/features.ts';
import { FACILITY_FEATURE } from '#patients/features/list/facility.ts';
import { Cohort, NO_SHIFT } from '#models/synthetic/cohort.ts';
import { LineListWriter } from '#models/synthetic/line-lists/write-line-list.ts';
import { RowWriter } from '#models/synthetic/row-writer.ts';
import type { RejectedRow } from '#shared/jobs/append-to-job.ts';
import { loadManifest, type ModelManifest } from '#shared/models/manifest.ts';
import { NO_OPTIONS } from '#test/support/read-table.ts';
import type { CohortLayout } from './cohort-layout.ts';
import { unreadInput } from './input-format.ts';
import type { UnvalidatedFormats } from './judge-format.ts';
import { receiveCohort } from './receive-cohort.ts';
import { declaredType } from './sniff/media-type.ts';

const manifest = loadManifest(readFileSync('models/iit_lightgbm_model.manifest.json', 'utf8'));
const RATIO = manifest.features.findIndex(({ name }) => name === FACILITY_FEATURE);
const [FACILITY, KNOWN_RATIO] = Object.entries(manifest.facility_effect!.ratios)[0]!;
/** The columns of feature tables from before the model chose among them. */
const OLD_COLUMNS = FEATURE_NAMES.filter((name) => name !== FACILITY_FEATURE);

type Wanted = {
  manifest?: ModelManifest;
  type?: string;
  facilityEffect?: boolean;
  unvalidatedFormats?: UnvalidatedFormats;
  asOf?: string;
};

async function received(body: string, wanted: Wanted = {}) {
  const input = unreadInput();
  const ratios: number[] = [];
  const values: number[][] = [];
  const rejections: RejectedRow[] = [];
  let layout: CohortLayout | undefined;
  const { facilityEffect, unvalidatedFormats } = wanted;
  await receiveCohort({
    body: (async function* () {
      yield Buffer.from(body);
    })(),
    declared: declaredType(wanted.type ?? 'text/csv'),
    options: { ...NO_OPTIONS, asOf: wanted.asOf, allowStale: true },
    input,
    manifest: wanted.manifest ?? manifest,
    ignoreUnknown: false,
    ...(facilityEffect === undefined ? {} : { facilityEffect }),
    ...(unvalidatedFormats === undefined ? {} : { unvalidatedFormats }),
    chunkRows: 100,
    maxRowBytes: 65_536,
    onLayout: (found) => {
      layout = found;
      return {
        chunk: (rows, besides) => {
          rejections.push(...besides.rejections);
          for (let row = 0; row < rows.rowCount; row++) {
            ratios.push(rows.features[RATIO]![row]!);
            values.push(rows.features.map((column) => column[row]!));
            expect(rows.facilities.indices[row]).not.toBe(NO_FACILITY);
          }
        },
        besides: (besides) => void rejections.push(...besides.rejections),
        ready: async () => undefined,
        finish: async () => undefined,
      };
    },
  });
  return { input, layout: layout!, ratios, values, rejections };
}

const head = (columns: readonly string[]) => `patient_id,facility_id,due_date,${columns.join(',')}`;
const ones = (columns: readonly string[]) => columns.map(() => '1').join(',');

describe('a table with columns that the model does without', () => {
  const body = `${head(OLD_COLUMNS)}\nP-1,${FACILITY},2026-12-01,${ones(OLD_COLUMNS)}\n`;

  it('is taken, and the unused are named as ignored', async () => {
    expect(OLD_COLUMNS).toHaveLength(47);
    const { layout, values } = await received(body);
    const used = manifest.features.map(({ name }) => name);
    expect(layout.ignored).toEqual(OLD_COLUMNS.filter((name) => !used.includes(name)));
    expect(layout.absentFeatures).toEqual([]);
    expect(values[0]!.filter((_, at) => at !== RATIO)).toEqual(Array.from({ length: 18 }, () => 1));
  });

  it('is taken as JSON, where a later row brings one for the first time too', async () => {
    const needed = manifest.features.filter(({ required }) => required).map(({ name }) => [name, 1] as const);
    const row = { patient_id: 'P-1', facility_id: FACILITY, ...Object.fromEntries(needed) };
    const later = `${JSON.stringify(row)}\n${JSON.stringify({ ...row, who_stage: 2 })}\n`;
    const { values } = await received(later, { type: 'application/x-ndjson' });
    expect(values).toHaveLength(2);
  });

  it('has their values judged all the same: whether a row is good does not hang on the model', async () => {
    const cells = OLD_COLUMNS.map((name) => (name === 'has_phone' ? 'X' : '1')).join(',');
    const { rejections, values } = await received(`${body}P-2,${FACILITY},2026-12-01,${cells}\n`);
    expect(values).toHaveLength(1);
    expect(rejections).toMatchObject([{ patientId: 'P-2', field: 'has_phone', code: 'not_a_boolean' }]);
  });

  it('is refused for a name that nobody knows', async () => {
    const unknown = `${head([...OLD_COLUMNS, 'agee'])}\nP-1,${FACILITY},2026-12-01,${ones(OLD_COLUMNS)},1\n`;
    await expect(received(unknown)).rejects.toMatchObject({
      code: 'unknown_columns',
      details: { columns: ['agee'] },
    });
  });
});

describe('the facility effect', () => {
  const row = (facility: string) => `P-1,${facility},2026-12-01,${ones(OLD_COLUMNS)}\n`;

  it('is looked up for the facilities that the model knows', async () => {
    const { ratios } = await received(`${head(OLD_COLUMNS)}\n${row(FACILITY)}${row('elsewhere')}`);
    expect(ratios).toEqual([KNOWN_RATIO, NaN]);
  });

  it('gives way to what a table says itself', async () => {
    const columns = [...OLD_COLUMNS, FACILITY_FEATURE];
    const { ratios } = await received(`${head(columns)}\nP-1,${FACILITY},2026-12-01,${ones(columns)}\n`);
    expect(ratios).toEqual([1]);
  });

  it('is missing for everybody where it is switched off, and told as absent', async () => {
    const off = await received(`${head(OLD_COLUMNS)}\n${row(FACILITY)}`, { facilityEffect: false });
    expect(off.ratios).toEqual([NaN]);
    expect(off.layout.absentFeatures).toEqual([FACILITY_FEATURE]);
    const columns = [...OLD_COLUMNS, FACILITY_FEATURE];
    const said = await received(`${head(columns)}\nP-1,${FACILITY},2026-12-01,${ones(columns)}\n`, {
      facilityEffect: false,
    });
    expect(said.ratios).toEqual([NaN]);
  });
});

describe('a kind of input on which the model was not tried', () => {
  const snapshot = lineList(1);
  const without = (kind: 'snapshot' | 'stacked'): ModelManifest => ({
    ...manifest,
    formats: manifest.formats!.map((one) => (one.format === kind ? { ...one, validated: false } : one)),
  });

  it('is scored with a warning, or refused where the service is set to', async () => {
    const asOf = '2026-06-30';
    expect((await received(snapshot, { asOf })).input.warnings).not.toHaveProperty('format_not_validated');
    const warned = await received(snapshot, { asOf, manifest: without('snapshot') });
    expect(warned.input.warnings).toMatchObject({ format_not_validated: 1 });
    expect(warned.values.length).toBeGreaterThan(5);
    await expect(
      received(snapshot, { asOf, manifest: without('snapshot'), unvalidatedFormats: 'refuse' }),
    ).rejects.toMatchObject({ code: 'format_not_validated' });
  });

  it('is told apart: one snapshot from stacked ones', async () => {
    const asOf = '2026-06-30';
    const stacked = await received(lineList(4), { asOf, manifest: without('stacked') });
    expect(stacked.input.warnings).toMatchObject({ format_not_validated: 1 });
    const single = await received(snapshot, { asOf, manifest: without('stacked') });
    expect(single.input.warnings).not.toHaveProperty('format_not_validated');
  });
});

function lineList(snapshots: number): string {
  const cohort = new Cohort({
    rows: 30,
    seed: 3,
    asOf: parseIsoDay('2026-06-30'),
    population: 'active',
    extraHistoryDays: 0,
    shift: NO_SHIFT,
  });
  const list = new LineListWriter('radet', snapshots);
  const writer = new RowWriter();
  writer.text(list.header());
  for (let i = 0; i < 10; i++) {
    cohort.make(i);
    list.write(cohort, writer);
  }
  return writer.take().toString();
}
