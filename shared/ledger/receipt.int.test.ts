import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertScoredJob, type ScoredJob } from '#test/support/scored-job.ts';
import { testLogKeeper } from '#test/support/test-log.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { readCheckpoint } from './checkpoint.ts';
import { readReceipt } from './receipt.ts';
import type { Receipt } from './receipt-schema.ts';
import { parseVerifierKey } from './signed-note.ts';
import { ReceiptError, verifyReceipt } from './verify-receipt.ts';

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, '..', '..', 'docs', 'verify_receipt.py');

let database: TestDatabase;
let folder: string;
let job: ScoredJob;
let verifierKey: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'iit-receipts-'));
  const keeper = testLogKeeper(database.as('iit_worker').db);
  verifierKey = keeper.signer.verifierKey;
  await insertScoredJob(database, { rowsPerChunk: 3 });
  job = await insertScoredJob(database, { chunks: 3, rowsPerChunk: 201, explain: 3 });
  await insertScoredJob(database, { rowsPerChunk: 2 });
  await keeper.runOnce();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

/** What the program of docs/ says, which shares nothing with ours; ours has to say as much. */
async function check(receipt: Receipt, key = verifierKey): Promise<string> {
  const theirs = await checkByPython(receipt, key);
  expect({ theirs, holds: holdsByOurs(receipt, key) }).toEqual({
    theirs,
    holds: theirs.startsWith('holds: '),
  });
  return theirs;
}

function holdsByOurs(receipt: Receipt, key: string): boolean {
  try {
    // As it comes from a file.
    return verifyReceipt(JSON.parse(JSON.stringify(receipt)), parseVerifierKey(key)).entries > 0;
  } catch (error) {
    if (error instanceof ReceiptError) return false;
    throw error;
  }
}

async function checkByPython(receipt: Receipt, key: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(file, JSON.stringify(receipt));
  return await run('python3', [PROGRAM, file, key]).then(
    ({ stdout }) => stdout,
    (error: { stderr: string }) => error.stderr,
  );
}

test('a stranger with the key and a page of Python finds that each row of a job holds', async () => {
  for (const row of [1, 140, 202, 603]) {
    const receipt = await readReceipt(database, { jobId: job.jobId, row });
    expect(await check(receipt)).toMatch(
      new RegExp(`^holds: row ${row} of job ${job.jobId}, patient \\S+, risk 0\\.\\d{4}`, 'u'),
    );
  }
}, 90_000);

describe('a receipt that was altered does not hold', () => {
  test.each<[string, (receipt: Receipt) => void]>([
    ['another patient', ({ row }) => (row.patient_id += 'x')],
    ['another risk', ({ row }) => (row.raw_score += 1e-9)],
    ['another risk beside the same score', ({ row }) => (row.risk = 0.01)],
    ['a risk of its own', ({ row }) => Object.assign(row, { risk: 0.01, risk_is_logistic: false })],
    ['another tier', ({ row }) => (row.tier = (row.tier + 1) % 3)],
    ['another due date', ({ row }) => (row.due_date = row.due_date === null ? '2024-01-01' : null)],
    ['another facility', ({ row }) => (row.facility_id = 'elsewhere')],
    ['other reasons', ({ row }) => (row.reasons[0]!.contribution += 1)],
    ['a reason left out', ({ row }) => row.reasons.pop()],
    ['another actor', ({ chunk }) => (chunk.actor = 'nobody')],
    ['another model', ({ chunk }) => (chunk.model_sha256 = 'ab'.repeat(32))],
    ['another time', ({ chunk }) => (chunk.recorded_at_micros = '1')],
    ['another job', ({ chunk }) => (chunk.job_id = crypto.randomUUID())],
    ['another place', ({ row }) => row.place++],
    ['a place before the first', ({ row }) => (row.place = -1)],
    ['a place behind the last', ({ chunk, row }) => (row.place += 2 * chunk.rows)],
    ['another entry', ({ log }) => log.entry++],
    ['a path of its own', ({ row }) => (row.path[0] = 'ab'.repeat(32))],
    ['a step too many', ({ log }) => log.path.push('ab'.repeat(32))],
    ['another size of the log', ({ log }) => (log.checkpoint = log.checkpoint.replace(/\n\d+\n/u, '\n5\n'))],
  ])('%s', async (_, alter) => {
    const receipt = await readReceipt(database, { jobId: job.jobId, row: 7 });
    alter(receipt);
    expect(await check(receipt)).toMatch(/^does not hold: /u);
  });

  test('the key of somebody else', async () => {
    const receipt = await readReceipt(database, { jobId: job.jobId, row: 7 });
    const other = testLogKeeper(database.db).signer.verifierKey;
    expect(await check(receipt, other)).toContain('no valid signature');
  });
});

test('what is no receipt at all is refused by name, and a receipt fits itself whoever has signed it', async () => {
  const receipt = await readReceipt(database, { jobId: job.jobId, row: 7 });
  for (const other of [null, [], { ...receipt, type: 'iit-receipt/9' }, { ...receipt, row: 7 }]) {
    expect(() => verifyReceipt(other, undefined)).toThrow(ReceiptError);
  }
  const { size } = readCheckpoint(receipt.log.checkpoint, undefined);
  expect(verifyReceipt(receipt, undefined)).toMatchObject({ entries: size });
  const unsigned = structuredClone(receipt);
  unsigned.log.checkpoint = unsigned.log.checkpoint.replace(/\n\d+\n/u, '\n1\n');
  expect(() => verifyReceipt(unsigned, undefined)).toThrow('does not stand in the log');
});

test('there is no receipt for a row that is not there, nor before a checkpoint covers it', async () => {
  for (const row of [604, 2 ** 31 - 1]) {
    await expect(readReceipt(database, { jobId: job.jobId, row })).rejects.toMatchObject({
      code: 'not_found',
    });
  }
  const { jobId } = await insertScoredJob(database, { rowsPerChunk: 2 });
  await expect(readReceipt(database, { jobId, row: 1 })).rejects.toMatchObject({
    code: 'receipt_unavailable',
  });
});

test('the page of Python is one page, and imports nothing of ours', async () => {
  const source = await readFile(PROGRAM, 'utf8');
  expect(source.split('\n').length).toBeLessThan(200);
  const imported = [...source.matchAll(/^(?:import|from) (\S+)/gmu)].map(([, name]) => name);
  expect(imported).toEqual(['base64', 'datetime', 'hashlib', 'json', 'math', 'struct', 'sys', 'uuid']);
});
