import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ManifestFeature } from '#shared/models/manifest.ts';
import { registerModel } from '#shared/models/store.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

/** The same cell through every door: a table as CSV and as NDJSON, and one patient online. */
const FEATURES: readonly Partial<ManifestFeature>[] = [
  { kind: 'numeric', min: 0, max: 1_000 },
  { kind: 'integer', min: 0, max: 120 },
  {
    kind: 'categorical',
    min: 0,
    max: 1,
    categories: [
      { code: 0, label: 'female' },
      { code: 1, label: 'male' },
    ],
  },
  { kind: 'boolean', min: 0, max: 1 },
];
const [NUMBER, WHOLE, SEX, YES_NO] = FEATURES.map((_, i) => `feature_${i}`) as [
  string,
  string,
  string,
  string,
];

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  const { text, manifest } = sampleModel({ features: FEATURES.length });
  const features = manifest.features.map((feature, i) => ({ ...feature, ...FEATURES[i] }));
  const { id } = await registerModel(api.database.db, {
    text,
    manifest: { ...manifest, features },
    createdBy: 'test',
  });
  const activation = { tenant_id: 1, model_id: id, activated_by: 'test' };
  await api.database.db.insertInto('model_activations').values(activation).execute();
});
afterAll(async () => {
  await api.stop();
});

type Row = Record<string, string | number | boolean | null>;
const GOOD: Row = {
  patient_id: 'SYN-1',
  facility_id: 'SYNFAC1',
  due_date: '2026-12-01',
  [NUMBER]: 1,
  [WHOLE]: 34,
  [SEX]: 0,
  [YES_NO]: 1,
};

/** What a door makes of the row: its values, or the field for which it is refused. */
type Verdict = { refused: string } | { patient: string; values: (number | null)[] };

async function checked(contentType: string, body: string): Promise<Verdict> {
  const answer = (await api.json('/v1/check', {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  })) as {
    sample: { patient_id: string; features: Record<string, number | string> }[];
    rejections: { field: string }[];
  };
  const [refusal] = answer.rejections;
  if (refusal !== undefined) return { refused: refusal.field };
  const { patient_id, features } = answer.sample[0]!;
  const labels: Record<string, number> = { female: 0, male: 1 };
  const values = FEATURES.map((_, i) => features[`feature_${i}`] ?? null);
  return {
    patient: patient_id,
    values: values.map((value) => (typeof value === 'string' ? labels[value]! : value)),
  };
}

async function predicted(row: Row): Promise<Verdict> {
  const key = await api.key(['submit', 'read']);
  const answer = await api.call(`/v1/predict?explain=${FEATURES.length}`, {
    method: 'POST',
    key,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(row),
  });
  const told = (await answer.json()) as {
    errors?: { field: string }[];
    predictions?: {
      patient_id: string;
      reasons: { feature: string; value: number | null }[];
    }[];
  };
  const [fault] = told.errors ?? [];
  if (fault !== undefined) return { refused: fault.field };
  expect(answer.status).toBe(200);
  const { patient_id, reasons } = told.predictions![0]!;
  return {
    patient: patient_id,
    values: FEATURES.map((_, i) => reasons.find(({ feature }) => feature === `feature_${i}`)?.value ?? null),
  };
}

const quoted = (value: Row[string]) => `"${String(value ?? '').replaceAll('"', '""')}"`;
const csv = (row: Row) => `${Object.keys(row).join(',')}\n${Object.values(row).map(quoted).join(',')}\n`;

test.each<[string, Row, 'taken' | 'refused']>([
  ['a number', { [WHOLE]: 34 }, 'taken'],
  ['a number as text', { [WHOLE]: '34' }, 'taken'],
  ['blanks around it', { [WHOLE]: ' 34 ' }, 'taken'],
  ['a whole number with decimals', { [WHOLE]: '34.0' }, 'taken'],
  ['a fraction where none may be', { [WHOLE]: '34.5' }, 'refused'],
  ['a number out of range', { [WHOLE]: '340' }, 'refused'],
  ['words in a number’s place', { [WHOLE]: '99 years' }, 'refused'],
  ['a word for missing', { [WHOLE]: 'N/A' }, 'taken'],
  ['nothing', { [WHOLE]: '' }, 'taken'],
  ['null', { [WHOLE]: null }, 'taken'],
  ['an infinite number', { [NUMBER]: 'Infinity' }, 'refused'],
  ['an exponent', { [NUMBER]: '1e2' }, 'taken'],
  ['a sex by its word', { [SEX]: 'Female' }, 'taken'],
  ['a sex by its letter', { [SEX]: 'm' }, 'taken'],
  ['an unknown sex', { [SEX]: 'Unknown' }, 'taken'],
  ['a sex that is none', { [SEX]: 2 }, 'refused'],
  ['yes in capitals', { [YES_NO]: 'YES' }, 'taken'],
  ['TRUE', { [YES_NO]: 'TRUE' }, 'taken'],
  ['n', { [YES_NO]: 'n' }, 'taken'],
  ['neither yes nor no', { [YES_NO]: 'X' }, 'refused'],
  ['an id with blanks around it', { patient_id: ' SYN-2 ' }, 'taken'],
  ['an id beyond the basic plane', { patient_id: 'SYN-😀' }, 'taken'],
  ['an id with a control character', { patient_id: 'SYN\u0007' }, 'refused'],
  ['an id of 65 characters', { patient_id: 'x'.repeat(65) }, 'refused'],
  ['no id', { patient_id: '' }, 'refused'],
  ['a word for missing as id', { patient_id: 'NULL' }, 'refused'],
  ['no facility', { facility_id: '' }, 'taken'],
  ['a due date with its time', { due_date: '2026-12-01 00:00:00' }, 'taken'],
  ['no due date', { due_date: 'NULL' }, 'taken'],
  ['a day that does not exist', { due_date: '2026-02-30' }, 'refused'],
  ['a day that may be a month', { due_date: '01/12/2026' }, 'refused'],
])('%s gets the same verdict as CSV, as NDJSON and online', async (_, cells, verdict) => {
  const row = { ...GOOD, ...cells };
  const table = await checked('text/csv', csv(row));
  expect('refused' in table ? table.refused : 'taken').toBe(
    verdict === 'taken' ? verdict : Object.keys(cells)[0],
  );
  expect(await checked('application/x-ndjson', `${JSON.stringify(row)}\n`)).toEqual(table);
  expect(await predicted(row)).toEqual(table);
});

test.each<Row>([{ patient_id: 17 }, { [SEX]: true }, { [YES_NO]: true }, { [YES_NO]: 1 }])(
  '%j gets the same verdict as NDJSON and online',
  async (cells) => {
    const row = { ...GOOD, ...cells };
    expect(await predicted(row)).toEqual(await checked('application/x-ndjson', `${JSON.stringify(row)}\n`));
  },
);
