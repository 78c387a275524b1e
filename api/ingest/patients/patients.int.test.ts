import { Writable } from 'node:stream';
import { writeXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCommand } from '#models/synthetic/options.ts';
import { writeCohort } from '#models/synthetic/write-cohort.ts';
import { decodeChunk } from '#shared/chunks/payload.ts';
import { registerModel } from '#shared/models/store.ts';
import { knownModel } from '#test/support/known-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const ROWS = 300;
const AS_OF = '2026-06-30';
const NAMES = ['age', 'days_to_due', 'last_days_supply', 'late_days_mean_3', 'viral_load', 'total_visits'];
const NMRS = 'application/vnd.iit.nmrs+x-ndjson';
const NMRS_ARRAY = 'application/vnd.iit.nmrs+json';
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ CHUNK_ROWS: '128' });
  const { id } = await registerModel(api.database.db, { ...knownModel({ names: NAMES }), createdBy: 'test' });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
});
afterAll(() => api.stop());

async function cohort(...args: string[]): Promise<string> {
  const parts: Buffer[] = [];
  const out = new Writable({
    write: (part: Buffer, _, done) => {
      parts.push(Buffer.from(part));
      done();
    },
  });
  await writeCohort(readCommand(['--rows', String(ROWS), '--as-of', AS_OF, ...args]), out);
  return Buffer.concat(parts).toString();
}

type Job = {
  id: string;
  rows: { accepted: number; rejected: number };
  warnings: { absent_features: string[] };
};
const submit = async (body: string | Uint8Array, type: string, query = '', status = 202) =>
  (await api.json(`/v1/jobs?as_of=${AS_OF}${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: body as string,
    status,
  })) as unknown as Job & { code: string };

/** What the workers will find: by patient, the features and the identity of the row. */
async function stored(
  job: Job,
): Promise<Map<string, { facility: string | null; due: number; values: number[] }>> {
  const chunks = await api.database.db
    .selectFrom('chunks')
    .selectAll()
    .where('job_id', '=', job.id)
    .orderBy('chunk_no')
    .execute();
  const found = new Map<string, { facility: string | null; due: number; values: number[] }>();
  for (const chunk of chunks) {
    const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
    const { offsets, bytes } = rows.patientIds;
    for (let at = 0; at < rows.rowCount; at++) {
      found.set(Buffer.from(bytes.subarray(offsets[at], offsets[at + 1])).toString(), {
        facility: rows.facilities.names[rows.facilities.indices[at]!] ?? null,
        due: rows.dueDates[at]!,
        values: rows.features.map((column) => column[at]!),
      });
    }
  }
  return found;
}

describe('NMRS messages', () => {
  test('give the very rows that the flat table of the same patients gives', async () => {
    const flat = await submit(await cohort(), 'text/csv', '&ignore_unknown=true');
    const messages = await cohort('--kind', 'nmrs');
    const lines = await submit(messages, NMRS);
    expect(lines.rows).toMatchObject({ accepted: ROWS, rejected: 0 });
    expect(lines.warnings.absent_features).toEqual([]);
    const expected = await stored(flat);
    expect(await stored(lines)).toEqual(expected);
    const array = `[${messages.trim().split('\n').join(',\n')}]`;
    expect(await stored(await submit(array, NMRS_ARRAY))).toEqual(expected);
  });

  test('that are faulty, foreign or of patients not to be scored cost only themselves', async () => {
    const [first, second, third] = (await cohort('--kind', 'nmrs')).split('\n') as [string, string, string];
    const faulty = second
      .replace(/"encounterDatetime":"[^"]*"/gu, '"encounterDatetime":"soon"')
      .replace(/"obsDatetime":"[^"]*"/gu, '"obsDatetime":"soon"');
    const gone = JSON.parse(third) as {
      messageData: { encounters: unknown[]; visits: unknown[]; obs: unknown[] };
    };
    gone.messageData.encounters = [];
    gone.messageData.obs = [];
    const job = await submit([first, '{"a":', faulty, JSON.stringify(gone), '7', ''].join('\n'), NMRS);
    expect(job.rows).toMatchObject({ accepted: 1, rejected: 4 });
    const rejections = await api.database.db
      .selectFrom('rejections')
      .select(['line', 'field', 'code'])
      .where('job_id', '=', job.id)
      .orderBy('row_no')
      .execute();
    expect(rejections.slice(0, 3)).toEqual([
      { line: 2, field: null, code: 'not_an_object' },
      { line: 3, field: 'messageData.encounters[0].encounterDatetime', code: 'bad_date' },
      { line: 4, field: null, code: 'no_pickup' },
    ]);
    expect(rejections[3]).toMatchObject({ line: 5 });
  });

  test('with text between them are refused', async () => {
    expect(await submit('[{"a":1}, hello]', NMRS_ARRAY, '', 400)).toMatchObject({ code: 'malformed_json' });
    expect(await submit('[{"a":1}', NMRS_ARRAY, '', 400)).toMatchObject({ code: 'malformed_json' });
    expect(await submit('{"a":{', NMRS_ARRAY, '', 400)).toMatchObject({ code: 'malformed_json' });
  });
});

describe('FHIR resources', () => {
  const subject = (id: string) => ({ subject: { reference: `Patient/${id}` } });
  const resources = ['SYN-F1', 'SYN-F2'].flatMap((id) => [
    {
      resourceType: 'MedicationDispense',
      status: 'completed',
      ...subject(id),
      medicationCodeableConcept: { text: 'TDF/3TC/DTG' },
      whenHandedOver: '2026-05-01',
      daysSupply: { value: 90 },
    },
    { resourceType: 'Observation', status: 'final', ...subject(id), code: { text: 'x' } },
    {
      resourceType: 'Patient',
      id,
      birthDate: '1990-01-01',
      managingOrganization: { reference: 'Organization/SYN-1' },
    },
    { resourceType: 'Practitioner', id: 'nobody' },
  ]);
  const interleaved = resources.toSorted((a, b) => a.resourceType.localeCompare(b.resourceType));
  const expected = ['SYN-F1', 'SYN-F2'];

  test('of a patient come together wherever they lie, one a line or in a Bundle', async () => {
    const lines = interleaved.map((resource) => JSON.stringify(resource)).join('\n');
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: interleaved.map((resource) => ({
        fullUrl: `https://emr.example/${resource.resourceType}`,
        resource,
      })),
    };
    for (const [body, type] of [
      [lines, 'application/fhir+ndjson'],
      [JSON.stringify(bundle), 'application/fhir+json'],
      [JSON.stringify([bundle], null, 2), 'application/fhir+json'],
    ] as const) {
      const job = await submit(body, type);
      expect(job.rows).toMatchObject({ accepted: 2, rejected: 0 });
      expect(job.warnings).toMatchObject({ by_code: { resource_not_read: 2 } });
      const found = await stored(job);
      expect([...found.keys()].toSorted()).toEqual(expected);
      expect(found.get('SYN-F1')).toMatchObject({ facility: 'SYN-1', values: [36, 30, 90, NaN, NaN, 1] });
    }
  });

  test('without their Patient, or of nobody, are refused by name', async () => {
    const body = interleaved
      .filter((resource) => !('id' in resource && resource.id === 'SYN-F2'))
      .concat([{ resourceType: 'Observation' } as never])
      .map((resource) => JSON.stringify(resource))
      .join('\n');
    const job = await submit(body, 'application/fhir+ndjson');
    expect(job.rows).toMatchObject({ accepted: 1, rejected: 2 });
    const rejections = await api.database.db
      .selectFrom('rejections')
      .select(['patient_id', 'code'])
      .where('job_id', '=', job.id)
      .orderBy('code')
      .execute();
    expect(rejections).toEqual([
      { patient_id: null, code: 'missing_field' },
      { patient_id: 'SYN-F2', code: 'missing_patient' },
    ]);
  });
});

describe('RADET line lists', () => {
  const workbook = async (csv: string) =>
    await writeXlsx({
      sheets: [
        {
          name: 'RADET',
          rows: csv
            .trim()
            .split('\n')
            .map((line) => line.trim().split(',')),
        },
      ],
    });

  test('of one snapshot know the snapshot features, equal to the flat table’s, and say which they cannot know', async () => {
    const flat = await stored(await submit(await cohort(), 'text/csv', '&ignore_unknown=true'));
    const csv = await cohort('--kind', 'radet');
    const job = await submit(csv, 'text/csv', '&source=radet');
    expect(job.warnings.absent_features).toEqual(
      expect.arrayContaining(['late_days_mean_3', 'total_visits']),
    );
    expect(job.warnings.absent_features).not.toContain('days_to_due');
    const found = await stored(job);
    expect(found.size).toBeGreaterThan(ROWS * 0.95);
    for (const [id, row] of found) {
      const [, toDue, supply, late, , visits] = row.values;
      expect([id, supply]).toEqual([id, flat.get(id)?.values[2]]);
      // The records may know of stock in hand, and then the due date is later.
      expect(toDue).toBeLessThanOrEqual(flat.get(id)!.values[1]!);
      expect([late, visits]).toEqual([NaN, NaN]);
    }
  });

  test('as a workbook give what they give as CSV', async () => {
    const csv = await cohort('--kind', 'radet', '--rows', '60');
    const expected = await stored(await submit(csv, 'text/csv', '&source=radet'));
    const job = await submit(await workbook(csv), XLSX, '&source=radet');
    expect(await stored(job)).toEqual(expected);
    expect(expected.size).toBeGreaterThan(50);
  });

  test('stacked know lateness, wherever in the file a patient’s rows stand', async () => {
    const csv = await cohort('--kind', 'radet', '--snapshots', '24');
    const job = await submit(csv, 'text/csv', '&source=radet');
    expect(job.warnings.absent_features).toEqual(['total_visits']);
    const flat = await stored(await submit(await cohort(), 'text/csv', '&ignore_unknown=true'));
    let known = 0;
    let equal = 0;
    for (const [id, row] of await stored(job)) {
      const late = row.values[3]!;
      if (Number.isNaN(late)) continue;
      known++;
      expect(late).toBeGreaterThanOrEqual(flat.get(id)!.values[3]!);
      if (late === flat.get(id)!.values[3]) equal++;
    }
    expect(known).toBeGreaterThan(ROWS / 2);
    expect(equal).toBeGreaterThan(known / 2);
  });

  test.each([
    ['without a needed column', 'State,Sex\nX,F\n', 'text/csv', 422, 'missing_columns'],
    ['that are no workbook', 'hello', XLSX, 422, 'missing_header'],
    ['with a quote that never closes', '"', 'text/csv', 400, 'unterminated_quote'],
  ])('%s are refused', async (_, body, type, status, code) => {
    expect(await submit(body, type, '&source=radet', status)).toMatchObject({ code });
  });
});
