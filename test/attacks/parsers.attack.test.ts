import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AttackedStack, COLUMNS, harm, startAttackedStack, type Watch } from './attacked-stack.ts';
import { nmrsMessage, workbook } from './bodies.ts';

const MB = 1024 ** 2;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const LIST_HEAD = 'Unique Id,Last Pickup Date,Months of ARV Refill,Date of Birth,Sex,ART Start Date';

let stack: AttackedStack;
let watch: Watch;

beforeAll(async () => {
  stack = await startAttackedStack('postgres');
});
afterAll(() => stack[Symbol.asyncDispose]());
beforeEach(() => {
  watch = stack.watch();
});
afterEach(async () => {
  // oxlint-disable-next-line vitest/no-standalone-expect -- every attack is held to it
  expect(harm(await watch.stop())).toEqual([]);
});

async function post(path: string, type: string, body: Buffer | string, more: Record<string, string> = {}) {
  const answer = await fetch(`${stack.url}${path}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${stack.keys.attacker}`, 'content-type': type, ...more },
  });
  await answer.arrayBuffer();
  return answer.status;
}

test.each([50_000, 200_000])('a header cell of %i brackets takes no time', async (count) => {
  const body = gzipSync(`${LIST_HEAD},${'('.repeat(count)}\n`);
  const status = await post('/v1/jobs?source=radet', 'text/csv', body, { 'content-encoding': 'gzip' });
  expect([202, 400, 413, 422]).toContain(status);
});

test.each(['facility', 'group', ' ', '(', '1', 'a,'])(
  'a coded text of %j over and over takes no time',
  async (word) => {
    const message = nmrsMessage('P-1');
    const { obs } = message['messageData'] as { obs: object[] };
    const text = word.repeat(60_000);
    for (const variableName of ['DSD model', 'Current regimen', 'Viral load', 'Reason for VL']) {
      obs.push({ variableName, obsDatetime: '2026-10-01', valueText: text, valueCoded: text });
    }
    const status = await post(
      '/v1/predict?explain=0',
      'application/vnd.iit.nmrs+json',
      JSON.stringify(message),
    );
    expect(status).toBeLessThan(500);
  },
);

const cells = (line: number, texts: readonly string[]) =>
  `<row r="${line}">${texts.map((text, i) => `<c r="${String.fromCharCode(65 + i)}${line}" t="inlineStr"><is><t>${text}</t></is></c>`).join('')}</row>`;
const head = cells(1, LIST_HEAD.split(','));

test.each<[string, () => Buffer]>([
  [
    'one cell of 200 MB',
    () =>
      workbook(
        Buffer.concat([
          Buffer.from(`${head}<row r="2"><c r="A2" t="inlineStr"><is><t>`),
          Buffer.alloc(200 * MB, 'B'),
          Buffer.from('</t></is></c></row>'),
        ]),
        Buffer.alloc(0),
      ),
  ],
  [
    'shared strings of 200 MB',
    () => workbook(Buffer.from(head), Buffer.from('<si><t>A</t></si>'.repeat((100 * MB) / 17))),
  ],
  [
    'a million empty rows',
    () => workbook(Buffer.from(head + '<row r="2"/>'.repeat(1_000_000)), Buffer.alloc(0)),
  ],
  [
    'a row of a million cells',
    () =>
      workbook(
        Buffer.from(`${head}<row r="2">${'<c><v>1</v></c>'.repeat(1_000_000)}</row>`),
        Buffer.alloc(0),
      ),
  ],
])('a workbook of %s costs that request alone', async (_, make) => {
  const status = await post('/v1/jobs?source=radet', XLSX, make());
  expect([202, 400, 413, 422, 503]).toContain(status);
});

test('half a million stacked rows of a line list are spilled or refused, not held', async () => {
  const rows = Array.from(
    { length: 500_000 },
    (_, i) => `U${i % 1_000},2026-10-01,3,1990-01-01,F,2020-01-01,2026-10-0${(i % 9) + 1}`,
  );
  const body = gzipSync(`${LIST_HEAD},Snapshot Date\n${rows.join('\n')}\n`);
  const status = await post('/v1/jobs?source=radet', 'text/csv', body, { 'content-encoding': 'gzip' });
  expect([202, 413, 422, 503]).toContain(status);
});

test('a quote that never closes costs a row’s memory', async () => {
  const body = gzipSync(`${COLUMNS}\n"${'x,\n'.repeat(10 * MB)}`);
  const status = await post('/v1/jobs?ignore_unknown=true', 'text/csv', body, { 'content-encoding': 'gzip' });
  expect([400, 413, 422]).toContain(status);
});
