import { setTimeout as pause } from 'node:timers/promises';
import type { Site } from './site.ts';

export type LoadReport = { sent: number; failed: string[]; p50Ms: number; p99Ms: number };

/** Asks for one prediction after the other, `perSecond` of them, until it is stopped; open loop, so a slow answer delays nobody. */
export function startGentleLoad(
  site: Site,
  { key, row, perSecond }: { key: string; row: string; perSecond: number },
) {
  const timesMs: number[] = [];
  const failed: string[] = [];
  const open = new Set<Promise<void>>();
  const stopping = new AbortController();
  const ask = async () => {
    const began = performance.now();
    try {
      const { status } = await site.call('/v1/predict', {
        method: 'POST',
        key,
        type: 'application/json',
        body: row,
      });
      if (status !== 200) failed.push(`status ${status}`);
      timesMs.push(performance.now() - began);
    } catch (error) {
      failed.push((error as Error).message);
    }
  };
  const loop = (async () => {
    for (let due = performance.now(); !stopping.signal.aborted; due += 1_000 / perSecond) {
      const wait = due - performance.now();
      if (wait > 0) await pause(wait);
      const asked: Promise<void> = ask().finally(() => open.delete(asked));
      open.add(asked);
    }
  })();
  return {
    async stop(): Promise<LoadReport> {
      stopping.abort();
      await loop;
      await Promise.all(open);
      const sorted = timesMs.toSorted((a, b) => a - b);
      const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
      return { sent: sorted.length + failed.length, failed, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  };
}
