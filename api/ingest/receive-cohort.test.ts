import { expect, test } from 'vitest';
import { timeZone } from '#patients/values/time-zone.ts';
import { knownModel } from '#test/support/known-model.ts';
import { receiveCohort } from './receive-cohort.ts';
import { declaredType } from './sniff/media-type.ts';

const PATIENTS = 9_000;
const HEADER =
  'Snapshot Date,State,Facility Name,DatimId,Unique Id,Sex,Last Pickup Date,Months of ARV Refill';

function stackedList(): Buffer {
  const rows = ['2026-05-31', '2026-06-30'].flatMap((day) =>
    Array.from(
      { length: PATIENTS },
      (_, i) => `${day},Kano,SYN clinic,SYN-F1,SYN-${i},F,${day.slice(0, 8)}10,3`,
    ),
  );
  return Buffer.from(`${[HEADER, ...rows].join('\n')}\n`);
}

test('others have their turn while patients are handed over who were held to the end of the body', async () => {
  const { manifest } = knownModel();
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  let turnsBeforeTheEnd = 0;
  async function* body() {
    yield stackedList();
    // The body has been read; what follows is work on what is held.
    setImmediate(turn);
    turnsBeforeTheEnd = turns;
  }
  const { rowCount } = await receiveCohort({
    body: body(),
    declared: declaredType('text/csv'),
    options: {
      source: undefined,
      delimiter: undefined,
      encoding: undefined,
      dateOrder: undefined,
      sheet: undefined,
      asOf: '2026-06-30',
      allowStale: true,
      nowMs: Date.parse('2026-07-01'),
      zone: timeZone('Africa/Lagos'),
    },
    manifest: {
      ...manifest,
      features: manifest.features.map((feature) => ({ ...feature, required: false })),
    },
    ignoreUnknown: false,
    chunkRows: 10_000,
    maxRowBytes: 100_000,
    onLayout: () => ({
      chunk: () => undefined,
      besides: () => undefined,
      ready: async () => await Promise.resolve(),
      finish: async () => await Promise.resolve(),
    }),
  });
  isOver = true;
  expect(rowCount).toBe(2 * PATIENTS);
  expect(turns - turnsBeforeTheEnd).toBeGreaterThan(2);
});
