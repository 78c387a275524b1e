import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { HpaController, hpaSettings, SYNC_SECONDS, type HpaSettings } from '#deploy/checks/hpa.ts';

type Manifest = { kind: string; metadata: { name: string } };

const shipped = hpaSettings(
  parseAllDocuments(readFileSync('k8s/base/autoscaling.yaml', 'utf8'))
    .map((document) => document.toJS() as Manifest)
    .find((manifest) => manifest.metadata.name === 'iit-worker'),
);

/** Replica counts, one a sync, for a metric that may depend on the time and on the count. */
function trace(
  settings: HpaSettings,
  syncs: number,
  usage: (atSeconds: number, replicas: number) => number | undefined,
  from = 1,
): number[] {
  const controller = new HpaController(settings);
  const counts: number[] = [];
  let replicas = from;
  for (let sync = 0; sync < syncs; sync++) {
    replicas = controller.reconcile(sync * SYNC_SECONDS, replicas, usage(sync * SYNC_SECONDS, replicas));
    counts.push(replicas);
  }
  return counts;
}

test('a backlog raises the workers at once, by 4 or by 100 % a minute, whichever is more', () => {
  const counts = trace(shipped, 13, () => 100_000);
  expect(counts[0]).toBe(5);
  expect(counts.slice(0, 4)).toEqual([5, 5, 5, 5]);
  expect(counts[4]).toBe(10);
  expect(counts[8]).toBe(20);
  expect(Math.max(...counts)).toBe(shipped.maxReplicas);
});

test('a count within the tolerance of a tenth stays', () => {
  const at = (perPod: number) => trace(shipped, 3, (_, replicas) => perPod * replicas, 4).at(-1);
  expect(at(shipped.averageValue * 1.09)).toBe(4);
  expect(at(shipped.averageValue * 0.91)).toBe(4);
  expect(at(shipped.averageValue * 1.12)).toBeGreaterThan(4);
});

test('an empty queue takes workers away only after five minutes, one a minute', () => {
  const busySyncs = 4;
  const counts = trace(
    shipped,
    80,
    (atSeconds) => (atSeconds < busySyncs * SYNC_SECONDS ? 5 * shipped.averageValue : 0),
    5,
  );
  const firstLoss = counts.findIndex((count) => count < 5);
  expect(firstLoss * SYNC_SECONDS).toBeGreaterThanOrEqual(300);
  const losses = counts.flatMap((count, sync) => (sync > 0 && count < (counts[sync - 1] ?? 0) ? [sync] : []));
  const pauses = losses.slice(1).map((sync, index) => (sync - (losses[index] ?? 0)) * SYNC_SECONDS);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(60);
  expect(counts.at(-1)).toBe(shipped.minReplicas);
});

test('a burst in the stabilisation window keeps the workers', () => {
  const counts = trace(shipped, 60, (atSeconds) => (atSeconds % 240 === 0 ? 6 * shipped.averageValue : 0), 6);
  expect(Math.min(...counts)).toBe(6);
});

test('a metric that is absent changes nothing', () => {
  expect(trace(shipped, 40, () => undefined, 7).every((count) => count === 7)).toBe(true);
});

test('workers that are busy with the last chunks are not stopped, because leased chunks count', () => {
  const leasedOnly = trace(shipped, 30, (_, replicas) => replicas * shipped.averageValue, 6);
  expect(leasedOnly.every((count) => count === 6)).toBe(true);
  const waitingAlone = trace(shipped, 30, () => 0, 6);
  expect(waitingAlone.at(-1)).toBeLessThan(6);
});

test('a night of 2 million rows in chunks of 10,000 goes from 1 worker to several and back to 1', () => {
  const chunksPerSecond = 5;
  const controller = new HpaController(shipped);
  let outstanding = 2_000_000 / 10_000;
  let replicas = 1;
  const counts: number[] = [];
  for (let atSeconds = 0; atSeconds < 3_600; atSeconds += SYNC_SECONDS) {
    replicas = controller.reconcile(atSeconds, replicas, outstanding);
    counts.push(replicas);
    outstanding = Math.max(0, outstanding - replicas * chunksPerSecond * SYNC_SECONDS);
  }
  expect(counts[0]).toBe(5);
  expect(outstanding).toBe(0);
  expect(counts.at(-1)).toBe(1);
});

test('a policy set to Disabled never lets the count move that way', () => {
  const upOnly = { ...shipped, scaleDown: { ...shipped.scaleDown, selectPolicy: 'Disabled' as const } };
  expect(trace(upOnly, 60, () => 0, 5).at(-1)).toBe(5);
});

test('selectPolicy Min takes the slowest of the policies', () => {
  const careful = { ...shipped, scaleUp: { ...shipped.scaleUp, selectPolicy: 'Min' as const } };
  expect(trace(careful, 1, () => 100_000)).toEqual([2]);
});

test('a count out of its bounds is brought back to them', () => {
  expect(trace(shipped, 1, () => 0, 0)).toEqual([1]);
  expect(trace(shipped, 1, () => 100_000, 30)).toEqual([20]);
});
