import { expect, test } from 'vitest';
import { type CountedRefusal, type Refusal, RefusalLedger } from './refusal-ledger.ts';

function ledger(kindLimit = 50) {
  const written: CountedRefusal[] = [];
  return {
    written,
    ledger: new RefusalLedger({
      write: async (refusal) => void written.push(refusal),
      onError: (error) => {
        throw error;
      },
      kindLimit,
    }),
  };
}

const refusal = (networkAddress: string): Refusal => ({
  code: 'unauthenticated',
  reason: 'unknown_key',
  claimed: undefined,
  networkAddress,
  request: 'GET /v1/jobs',
});

test('the first refusal of a kind is written at once, the others in one with their count', async () => {
  const { ledger: it, written } = ledger();
  for (let index = 0; index < 1_000; index++) it.note(refusal('10.0.0.1'));
  expect(written.map(({ count }) => count)).toStrictEqual([1]);
  await it.stop();
  expect(written.map(({ count }) => count)).toStrictEqual([1, 999]);
});

test('no refusal is lost and no window writes more than twice its kinds, however many addresses attack', async () => {
  const { ledger: it, written } = ledger(20);
  for (let index = 0; index < 5_000; index++) it.note(refusal(`10.0.${index % 250}.1`));
  await it.stop();
  expect(written.length).toBeLessThanOrEqual(41);
  expect(written.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
});

test('a lone refusal is written once', async () => {
  const { ledger: it, written } = ledger();
  it.note(refusal('10.0.0.1'));
  it.endWindow();
  it.endWindow();
  await it.stop();
  expect(written).toHaveLength(1);
});
