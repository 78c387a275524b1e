import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dumpDatabase } from '#cli/backup/dump.ts';
import { restoreDatabase } from '#cli/backup/restore.ts';
import { openStore } from '#cli/backup/store.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { migrateThrough } from '#shared/db/migrator.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { createBlankDatabase } from '#test/support/blank-database.ts';
import { insertScoredJob } from '#test/support/scored-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { testLogKeeper } from '#test/support/test-log.ts';
import { whereIs } from '#test/support/where-is.ts';
import { erasePatient } from './erase-patient.ts';

const JOBS = 60;
const PATIENT = 'patient-é-17';
const NEXT = 'patient-é-18';

let api: TestApi;
let folder: string;
const jobs: string[] = [];

beforeAll(async () => {
  api = await startTestApi();
  folder = await mkdtemp(path.join(tmpdir(), 'iit-erased-'));
  for (let no = 0; no < JOBS; no++) {
    // The last one has no lists yet.
    const options = { chunks: 2, rowsPerChunk: 20, explain: 2, indexed: no < JOBS - 1 };
    jobs.push((await insertScoredJob(api.database, options)).jobId);
  }
}, 120_000);
afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

/** Everything that people take home of the jobs. */
async function exports(): Promise<string> {
  const key = await api.key(['read', 'audit']);
  const texts: string[] = [];
  for (const id of jobs) {
    for (const query of ['results?format=csv', 'results?format=ndjson&order=risk', 'worklist?format=csv']) {
      const answer = await api.call(`/v1/jobs/${id}/${query}`, { key });
      expect(answer.status).toBe(200);
      texts.push(await answer.text());
    }
  }
  const audit = await api.call(`/v1/audit?patient_id=${encodeURIComponent(PATIENT)}`, { key });
  texts.push(await audit.text());
  return texts.join('\n');
}

const holds = (text: string, patient: string) => text.split(/[^\p{L}\d-]/u).includes(patient);

test('one patient among sixty jobs: gone from tables, indexes, chunks, exports and later backups; the log of all of it verifies', async () => {
  const { database } = api;
  const keeper = testLogKeeper(database.as('iit_worker').db);
  await keeper.runOnce();
  expect(await whereIs(database, PATIENT)).toEqual(['patient_blocks', 'payload', 'score_blocks']);
  expect(holds(await exports(), PATIENT)).toBe(true);
  const erasure = await erasePatient(
    { ...database, crash: createCrashPoints(undefined) },
    { tenantId: 1, patientId: PATIENT, reason: 'request 17', actor: 'cli:test' },
  );
  expect(erasure).toMatchObject({ jobs: JOBS, rows: JOBS, inputs: JOBS });
  // Whoever looked for the patient did so by name: those events are blanked by an erasure of their own.
  expect(await whereIs(database, PATIENT)).toEqual([]);
  const taken = await exports();
  expect(holds(taken, PATIENT)).toBe(false);
  expect(holds(taken, NEXT)).toBe(true);
  await keeper.runOnce();
  const checkpoints = keeper.sink.kept;
  expect(await verifyAudit(database, {}, { checkpoints, rescore: true })).toMatchObject({
    rows: JOBS * 40,
    erased: JOBS,
    unverifiable: 0,
    problems: [],
  });

  const store = openStore(pathToFileURL(folder).href);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await dumpDatabase(client, store, 'after');
  await client.end();
  await using restored = await createBlankDatabase();
  const target = new Client({ connectionString: restored.url });
  await target.connect();
  const migrateTo = (names: readonly string[]) => migrateThrough(restored.db, names);
  await restoreDatabase({ client: target, store, backup: 'after', migrateTo });
  await target.end();
  expect(await whereIs(restored, NEXT)).toEqual(['patient_blocks', 'payload', 'score_blocks']);
  // The search for the patient after the erasure is all that speaks of them.
  expect(await whereIs(restored, PATIENT)).toEqual(['audit_events']);
  expect((await verifyAudit(restored, {}, { checkpoints })).problems).toEqual([]);
}, 180_000);
