import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

/** Polls in a thread of its own: what an attack costs the attacker's thread is not the victim's time. */
export type Polling = { url: string; key: string; pid: number };
export type Polled = { timesMs: number[]; bad: number[]; peakBytes: number };

const PAGE_BYTES = 4_096;
const POLL_MS = 20;

const { url, key, pid } = workerData as Polling;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const polled: Polled = { timesMs: [], bad: [], peakBytes: 0 };
const stopped = new AbortController();
parentPort?.once('message', () => stopped.abort());

while (!stopped.signal.aborted) {
  const startedMs = performance.now();
  const status = await new Promise<number>((resolve) => {
    get(url, { agent, headers: { authorization: `Bearer ${key}` } }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    }).once('error', () => resolve(0));
  });
  polled.timesMs.push(performance.now() - startedMs);
  if (status !== 200 && status !== 304) polled.bad.push(status);
  polled.peakBytes = Math.max(polled.peakBytes, residentBytes());
  await pause(POLL_MS);
}
agent.destroy();
polled.timesMs.sort((a, b) => a - b);
parentPort?.postMessage(polled);

/** 0 where the system does not tell. */
function residentBytes(): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
