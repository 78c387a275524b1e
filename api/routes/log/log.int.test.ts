import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordEvent } from '#shared/audit/record-event.ts';
import { readCheckpoint } from '#shared/ledger/checkpoint.ts';
import { isConsistent } from '#shared/ledger/log-tree.ts';
import { parseVerifierKey } from '#shared/ledger/signed-note.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { testLogKeeper } from '#test/support/test-log.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

test('a witness with any key takes checkpoints, and proofs that the later begins with the earlier', async () => {
  const witness = await api.key(['read']);
  const checkpoint = () => api.call('/v1/log/checkpoint', { key: witness });
  expect((await checkpoint()).status).toBe(404);
  const { db } = api.database.as('iit_worker');
  const keeper = testLogKeeper(db);
  const verifier = parseVerifierKey(keeper.signer.verifierKey);
  const kept: ReturnType<typeof readCheckpoint>[] = [];
  for (const count of [3, 8]) {
    for (let no = 0; no < count; no++)
      await recordEvent(db, { tenantId: 1, actor: 'a', action: 'test', outcome: 'success', details: { no } });
    await keeper.runOnce();
    const answer = await checkpoint();
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    kept.push(readCheckpoint(await answer.text(), verifier));
  }
  const [first, second] = [kept[0]!, kept[1]!];
  expect(second.size).toBeGreaterThan(first.size);
  const { proof } = await api.json(`/v1/log/consistency?first=${first.size}&second=${second.size}`);
  const hashes = (proof as string[]).map((hash) => Buffer.from(hash, 'hex'));
  expect(isConsistent(first, second, hashes)).toBe(true);
  expect(isConsistent({ ...first, root: Buffer.alloc(32) }, second, hashes)).toBe(false);
  expect(await api.json(`/v1/log/consistency?first=0&second=${first.size}`)).toEqual({ proof: [] });
});

test.each(['first=5&second=4', 'first=1&second=99999', 'first=-1&second=2', 'first=1', ''])(
  'a proof between sizes that were not signed is refused: %s',
  async (query) => {
    expect(await api.json(`/v1/log/consistency?${query}`, { status: 400 })).toMatchObject({
      code: 'invalid_query',
    });
  },
);

test('nobody without a key learns how large the log is', async () => {
  expect((await api.call('/v1/log/checkpoint')).status).toBe(401);
  expect((await api.call('/v1/log/consistency?first=0&second=1')).status).toBe(401);
});
