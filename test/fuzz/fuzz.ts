import { randomNumbers } from '#test/support/sample-model.ts';
import { type Door, isRefusal } from './doors.ts';

export type Finding = { door: string; input: Buffer; problem: string };

const SLOW_MS = 1_000;
const LONGEST = 200_000;
/** Bytes that mean something to one parser or another. */
const TELLING = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ';',
  ':',
  '\n',
  '\r',
  '\0',
  '\u00ff',
  '(',
  ' ',
  '-',
  'e',
  '9',
  '=',
  '\ufeff',
];
const WORDS = [
  '1e400',
  'NaN',
  '-0',
  '\\u0000',
  '\\ud800',
  '__proto__',
  '9'.repeat(400),
  '""',
  '[[',
  'null',
  '0000-01-01',
  'facility',
];

/** Sends mutated seeds through a door for so long. A refusal is an answer; any other error, or a second's work, is a finding. */
export async function fuzz(
  door: Door,
  { seconds, seed }: { seconds: number; seed: number },
): Promise<{ runs: number; findings: Finding[] }> {
  const random = randomNumbers(seed);
  const corpus = [...door.seeds];
  const findings: Finding[] = [];
  const endMs = performance.now() + seconds * 1_000;
  let runs = 0;
  while (performance.now() < endMs && findings.length < 10) {
    const input = mutated(corpus, random);
    const startedMs = performance.now();
    let problem: string | undefined;
    try {
      await door.open(input);
      if (random() < 0.05 && corpus.length < 200) corpus.push(input);
    } catch (error) {
      if (!isRefusal(error))
        problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const tookMs = performance.now() - startedMs;
    if (tookMs > SLOW_MS) problem ??= `took ${Math.round(tookMs)} ms`;
    if (problem !== undefined) findings.push({ door: door.name, input, problem });
    if (++runs % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { runs, findings };
}

function mutated(corpus: readonly Buffer[], random: () => number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  let bytes = Buffer.from(pick(corpus));
  for (let edits = 1 + Math.floor(random() * 4); edits > 0; edits--) {
    const at = Math.floor(random() * (bytes.length + 1));
    const to = Math.min(bytes.length, at + Math.floor(random() * 20));
    const put = (middle: Buffer, from = at) =>
      Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(from)]);
    switch (Math.floor(random() * 7)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << Math.floor(random() * 8);
        break;
      case 1:
        bytes = put(Buffer.from(pick(TELLING)));
        break;
      case 2:
        bytes = put(Buffer.from(pick(WORDS)), to);
        break;
      case 3:
        bytes = put(Buffer.alloc(0), to);
        break;
      case 4:
        bytes = put(Buffer.from(pick(TELLING).repeat(Math.floor(random() * 20_000))));
        break;
      case 5:
        bytes = bytes.subarray(0, at);
        break;
      default:
        bytes = put(pick(corpus));
    }
    if (bytes.length > LONGEST) bytes = bytes.subarray(0, LONGEST);
    bytes = Buffer.from(bytes);
  }
  return bytes;
}
