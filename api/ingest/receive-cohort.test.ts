import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { knownModel } from '#test/support/known-model.ts';
import { NO_OPTIONS } from '#test/support/read-table.ts';
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
    options: { ...NO_OPTIONS, asOf: '2026-06-30', allowStale: true },
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

/** Files without a name that this process holds open. */
function namelessFiles(): string[] {
  const linkOf = (descriptor: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return '';
    }
  };
  return readdirSync('/proc/self/fd')
    .map(linkOf)
    .filter((link) => link.endsWith('.part (deleted)'));
}

test.runIf(process.platform === 'linux')(
  'a FHIR upload that breaks off after it went to a file leaves none open',
  async () => {
    const { manifest } = knownModel();
    let held = 0;
    const patient = (id: number) =>
      `${JSON.stringify({ resourceType: 'Patient', id: `SYN-${id}`, text: 'x'.repeat(60_000) })}\n`;
    async function* body() {
      for (let i = 0; i < 500; i++) yield Buffer.from(patient(i));
      held = namelessFiles().length;
      throw new Error('the client has left');
    }
    const upload = receiveCohort({
      body: body(),
      declared: declaredType('application/fhir+ndjson'),
      options: { ...NO_OPTIONS, asOf: '2026-06-30' },
      manifest,
      ignoreUnknown: false,
      chunkRows: 10_000,
      maxRowBytes: 100_000,
      onLayout: () => {
        throw new Error('no row was read');
      },
    });
    await expect(upload).rejects.toThrow('the client has left');
    expect(held).toBe(1);
    expect(namelessFiles()).toEqual([]);
  },
);
