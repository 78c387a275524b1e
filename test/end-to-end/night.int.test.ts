import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, constants } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey } from '#api/auth/keys.ts';
import { loadModel } from '#engine/index.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { facilityRatios } from '#shared/models/facility-ratios.ts';
import { loadGoldenRows, loadManifest, type ModelManifest } from '#shared/models/manifest.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { testRedisUrl } from '#test/support/test-redis.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const MODEL = path.join(ROOT, 'models', 'iit_lightgbm_model.txt');
const ROWS = 200_000;
const SPOILED = 1_000;
/** One row in so many is spoiled; a golden row of the manifest follows each of the first spoiled ones. */
const EVERY = ROWS / SPOILED;

/** How a row is spoiled, in turn: which column becomes what, and what must be said of it. */
const SPOILS = [
  { field: 'age', value: 'thirty', code: 'not_a_number' },
  { field: 'age', value: '1e400', code: 'not_finite' },
  { field: 'gender', value: '7', code: 'unknown_category' },
  { field: 'due_date', value: '2026-02-30', code: 'not_a_date' },
  { field: 'patient_id', value: '', code: 'missing_value' },
];

let database: TestDatabase;
let folder: string;
let api: ServiceProcess;
let worker: ServiceProcess;
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'iit-night-'));
  database = await createTestDatabase();
  await registerShippedModel(database.db, MODEL);
  const manager = { db: database.db, recordEvent, operator: 'test' };
  ({ key } = await createKey(manager, {
    tenant: 'default',
    name: 'nightly',
    scopes: ['submit', 'read'],
    expiresAt: undefined,
  }));
  const queueUrl = await testRedisUrl();
  const services = { databaseUrl: database.url, queueUrl };
  api = await startService({ service: 'api', ...services });
  worker = await startService({ service: 'worker', ...services });
});
afterAll(async () => {
  await Promise.all([api.stop(), worker.stop()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test(
  'a night: 200,000 rows by curl and gzip, 1,000 of them spoiled, are scored exactly as LightGBM scores them, once, audited',
  { timeout: 180_000 },
  async () => {
    const manifest = loadManifest(
      await readFile(path.join(ROOT, 'models', 'iit_lightgbm_model.manifest.json'), 'utf8'),
    );
    const golden = loadGoldenRows(await readFile(path.join(ROOT, 'models', manifest.golden.file), 'utf8'));
    const file = path.join(folder, 'cohort.csv.gz');
    const cohort = await writeSpoiledCohort(
      file,
      manifest,
      golden.rows.map(({ values }) => values),
    );
    const headers = [`Authorization: Bearer ${key}`, 'Content-Type: text/csv', 'Content-Encoding: gzip'];
    const { stdout } = await run('curl', [
      '--silent',
      '--show-error',
      '--fail-with-body',
      ...headers.flatMap((header) => ['--header', header]),
      '--data-binary',
      `@${file}`,
      `${api.url}/v1/jobs?name=night&explain=3`,
    ]);
    const { id } = JSON.parse(stdout) as { id: string };
    const job = await untilOver(id);
    const accepted = ROWS - SPOILED + golden.rows.length;
    expect(job).toMatchObject({
      status: 'completed',
      rows: { received: accepted + SPOILED, accepted, rejected: SPOILED, scored: accepted, quarantined: 0 },
    });

    const rejections = await database.db
      .selectFrom('rejections')
      .select(['line', 'field', 'code'])
      .where('job_id', '=', id)
      .orderBy('row_no')
      .execute();
    expect(rejections).toEqual(cohort.spoiled);

    const model = loadModel(await readFile(MODEL, 'utf8'), { scorer: 'reference' });
    const raw = model.predict(cohort.values, { raw: true });
    const expected = new Map(cohort.rowNumbers.map((rowNo, index) => [rowNo, raw[index]]));
    const rows = await database.db
      .selectFrom('predictions')
      .select(['row_no', 'raw_score', 'risk'])
      .where('job_id', '=', id)
      .execute();
    expect(rows.length).toBe(accepted);
    expect(rows.filter((row) => !Object.is(row.raw_score, expected.get(row.row_no)))).toEqual([]);
    const scored = new Map(rows.map((row) => [row.row_no, row]));
    for (const [index, rowNo] of cohort.goldenRowNumbers.entries()) {
      expect(scored.get(rowNo)?.raw_score).toBe(golden.rows[index]?.raw);
      expect(scored.get(rowNo)?.risk).toBeCloseTo(Number(golden.rows[index]?.risk), 15);
    }
    const verified = await verifyAudit(database, { jobId: id });
    expect(verified).toMatchObject({ rows: accepted, problems: [] });
  },
);

type SpoiledCohort = {
  spoiled: { line: number; field: string; code: string }[];
  /** Of accepted rows: row number in the input, and features, rows × features. */
  rowNumbers: number[];
  values: Float64Array;
  goldenRowNumbers: number[];
};

/** The generator's cohort through its command, spoiled in known places and salted with golden rows. */
async function writeSpoiledCohort(
  file: string,
  manifest: ModelManifest,
  golden: readonly (readonly (number | null)[])[],
): Promise<SpoiledCohort> {
  const generator = spawn(
    process.execPath,
    ['models/synthetic/main.ts', '--rows', String(ROWS), '--seed', '2026', '--format', 'csv'],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  const written = pipeline(gzip, createWriteStream(file));
  const spoiled: SpoiledCohort['spoiled'] = [];
  const rowNumbers: number[] = [];
  const goldenRowNumbers: number[] = [];
  let header: string[] = [];
  const features = manifest.features.map(({ name }) => name);
  const ratios = facilityRatios(manifest, true);
  const values = new Float64Array((ROWS + golden.length) * features.length);
  let accepted = 0;
  let line = 1;
  const emit = async (text: string) => {
    if (!gzip.write(`${text}\n`)) await new Promise((done) => gzip.once('drain', done));
  };
  for await (const text of createInterface({ input: generator.stdout })) {
    if (header.length === 0) {
      header = text.split(',');
      await emit(text);
      continue;
    }
    line++;
    const cells = text.split(',');
    const index = line - 2 - goldenRowNumbers.length;
    if (index % EVERY === EVERY - 1) {
      const spoil = SPOILS[spoiled.length % SPOILS.length]!;
      cells[header.indexOf(spoil.field)] = spoil.value;
      spoiled.push({ line, field: spoil.field, code: spoil.code });
      await emit(cells.join(','));
      const salt = golden[goldenRowNumbers.length];
      if (salt === undefined) continue;
      line++;
      goldenRowNumbers.push(line - 1);
      keep(salt.map((value) => value ?? NaN));
      await emit(
        header.map((name, at) => (at === 0 ? 'GOLDEN' : (salt[features.indexOf(name)] ?? ''))).join(','),
      );
    } else {
      const row = features.map((name) => Number(cells[header.indexOf(name)] || NaN));
      if (ratios !== undefined) row[ratios.column] = ratios.of(cells[header.indexOf('facility_id')]!);
      keep(row);
      await emit(text);
    }
  }
  gzip.end();
  await written;
  return {
    spoiled,
    rowNumbers,
    values: values.subarray(0, accepted * features.length),
    goldenRowNumbers,
  };

  function keep(row: number[]): void {
    rowNumbers.push(line - 1);
    values.set(row, accepted++ * row.length);
  }
}

async function untilOver(id: string): Promise<{ status: string }> {
  for (;;) {
    const answer = await fetch(`${api.url}/v1/jobs/${id}`, {
      headers: { authorization: `Bearer ${key}`, prefer: 'wait=30' },
    });
    const job = (await answer.json()) as { status: string };
    if (!['receiving', 'queued', 'running'].includes(job.status)) return job;
  }
}
