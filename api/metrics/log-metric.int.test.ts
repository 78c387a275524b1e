import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { recordEvent } from '#shared/audit/record-event.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { createLogger } from '#shared/log/logger.ts';
import { createTestDatabase } from '#test/support/test-database.ts';
import { testLogKeeper } from '#test/support/test-log.ts';
import { addLogMetric } from './log-metric.ts';

test('the newest checkpoint is dated, and what no checkpoint covers is counted, wherever it waits', async () => {
  await using database = await createTestDatabase();
  const { db } = database.as('iit_api');
  const registry = new Registry();
  addLogMetric(registry, { db, clock: systemClock, log: createLogger('test', 'silent'), cacheMs: 0 });
  const read = async () => {
    const text = await registry.metrics();
    const of = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'mu').exec(text)?.[1]);
    return { at: of('iit_log_checkpoint_timestamp_seconds'), unsigned: of('iit_log_unsigned_entries') };
  };
  const event = () => recordEvent(db, { tenantId: 1, actor: 'a', action: 'test', outcome: 'success' });
  expect(await read()).toEqual({ at: 0, unsigned: 0 });
  for (let no = 0; no < 3; no++) await event();
  expect(await read()).toEqual({ at: 0, unsigned: 3 });
  const worker = database.as('iit_worker');
  const keeper = testLogKeeper(worker.db);
  await keeper.runOnce();
  const signed = await read();
  expect(signed.unsigned).toBe(0);
  expect(Math.abs(signed.at - Date.now() / 1_000)).toBeLessThan(60);
  await event();
  // Entered, and not signed yet.
  await testLogKeeper(worker.db, { ...keeper, checkpointSeconds: 3_600 }).runOnce();
  await event();
  expect(await read()).toEqual({ at: signed.at, unsigned: 2 });
});
