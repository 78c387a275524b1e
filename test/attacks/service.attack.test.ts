import { createHash, randomBytes } from 'node:crypto';
import { createZstdCompress, constants, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ROUTES } from '#api/routes/all.ts';
import { knownModel } from '#test/support/known-model.ts';
import {
  type AttackedStack,
  COLUMNS,
  harm,
  type Queue,
  ROW,
  startAttackedStack,
  type Watch,
} from './attacked-stack.ts';
import { nmrsMessage } from './bodies.ts';
import { collidingIds } from './colliding-ids.ts';
import { rawRequest } from './raw-request.ts';

const MB = 1024 ** 2;
const ATTACK_MS = 6_000;
type Body = NonNullable<RequestInit['body']>;

const GOOD = {
  patient_id: 'A-1',
  age: 34,
  gender: 0,
  months_on_art: 24,
  days_to_due: -3,
  last_days_supply: 30,
  days_since_last_refill: 33,
};

/** Everything that does not need a parser under work; both queues, for the readiness, the refusals and the jobs use them. */
describe.each<Queue>(['redis', 'postgres'])('with the queue on %s', (queue) => {
  let stack: AttackedStack;
  let watch: Watch;

  beforeAll(async () => {
    stack = await startAttackedStack(queue);
  });
  afterAll(() => stack[Symbol.asyncDispose]());
  beforeEach(() => {
    watch = stack.watch();
  });
  afterEach(async () => {
    // oxlint-disable-next-line vitest/no-standalone-expect -- every attack is held to it
    expect(harm(await watch.stop())).toEqual([]);
  });

  type Ask = { method?: string; key?: string; body?: Body; headers?: Record<string, string> };
  const ask = async (path: string, { key = stack.keys.attacker, headers = {}, ...init }: Ask = {}) => {
    const answer = await fetch(`${stack.url}${path}`, {
      ...init,
      headers: { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers },
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, code: codeOf(text) };
  };
  const post = async (path: string, type: string, body: Body, more: Ask = {}) =>
    await ask(path, { method: 'POST', body, ...more, headers: { 'content-type': type, ...more.headers } });
  const json = async (path: string, body: unknown, more: Ask = {}) =>
    await post(path, 'application/json', JSON.stringify(body), more);
  const csv = async (body: Body, headers: Record<string, string> = {}, query = '') =>
    await post(`/v1/jobs?ignore_unknown=true&explain=0${query}`, 'text/csv', body, { headers });

  describe('memory', () => {
    test('a gzip bomb is refused by its ratio', async () => {
      const bomb = gzipSync(Buffer.alloc(200 * MB, 'A'));
      expect((await csv(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    });

    test('zstd windows of 128 MB are refused, however many there are', async () => {
      const frame = await zstdWithWindow(27);
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => csv(frame, { 'content-encoding': 'zstd' })),
      );
      for (const { status, code } of answers) expect([status, code]).not.toEqual([202, undefined]);
      expect(answers.some(({ code }) => code === 'invalid_body')).toBe(true);
    });

    test.each([
      ['arrays in arrays', '[', ']'],
      ['objects without end', '{},', ''],
      ['arrays without end', '[],', ''],
    ])('30 MB of JSON of %s is refused before it is parsed', async (_, open, close) => {
      const times = Math.floor((30 * MB) / (open.length + close.length));
      const body = close === '' ? `[${open.repeat(times)}{}]` : open.repeat(times) + close.repeat(times);
      const { status } = await post('/v1/predict', 'application/json', body);
      expect([400, 413, 503]).toContain(status);
    });

    test('twenty wide bodies at once are refused, or told to come back', async () => {
      const body = Buffer.from(`[{"patient_id":"a","x":[${'{},'.repeat(300_000)}{}]}]`);
      await sustained(async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => post('/v1/predict', 'application/json', body)),
        );
        for (const { status } of answers) expect([400, 413, 422, 503]).toContain(status);
      });
    });

    test('40 slow bodies of 20 MB fill no more than their half of the budget', async () => {
      const part = Buffer.alloc(MB, 0x20);
      const answers = await Promise.all(
        Array.from({ length: 40 }, () =>
          rawRequest({
            url: stack.url,
            head: [
              'POST /v1/predict HTTP/1.1',
              'host: x',
              `authorization: Bearer ${stack.keys.attacker}`,
              'content-type: application/json',
              `content-length: ${31 * MB}`,
            ],
            pieces: Array.from({ length: 20 }, () => part),
            timeoutMs: 30_000,
          }),
        ),
      );
      const statuses = answers.map(({ status }) => status);
      for (const status of statuses) expect([0, 408, 413, 503]).toContain(status);
      expect(statuses).toContain(503);
      const victim = await json('/v1/predict?ignore_unknown=true&explain=0', GOOD, {
        key: stack.keys.victim,
      });
      expect(victim.status).not.toBe(503);
    });

    test('a hundred thousand unreadable rows are counted, not held', async () => {
      const body = `${COLUMNS}\n${'P,x,x,x,x,x,x\n'.repeat(100_000)}`;
      await sustained(async () => expect([202, 422, 503]).toContain((await csv(body)).status));
    });
  });

  describe('time', () => {
    test('30,000 ids of one hash are read like any others', async () => {
      const ids = collidingIds(30_000);
      const { status } = await csv(`${COLUMNS}\n${ids.map((id) => id + ROW).join('\n')}\n`);
      expect(status).toBe(202);
    });

    test('uploads at a drip: a tenant keeps others from nothing', async () => {
      const held = Array.from({ length: 8 }, () =>
        rawRequest({
          url: stack.url,
          head: [
            'POST /v1/jobs?explain=0&ignore_unknown=true HTTP/1.1',
            'host: x',
            `authorization: Bearer ${stack.keys.attacker}`,
            'content-type: text/csv',
            'transfer-encoding: chunked',
          ],
          pieces: Array.from({ length: 20 }, () => `5dc\r\n${'x'.repeat(1_500)}\r\n`),
          pauseMs: 100,
          timeoutMs: 3_000,
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const victim = await post(
        '/v1/jobs?ignore_unknown=true&explain=0',
        'text/csv',
        `${COLUMNS}\nV-2${ROW}\n`,
        { key: stack.keys.victim },
      );
      expect(victim.status).toBe(202);
      // By its share of the places, or by the bytes that they may hold.
      const refused = (await Promise.all(held)).filter(({ status }) => status === 429 || status === 503);
      expect(refused.length).toBeGreaterThanOrEqual(2);
    });

    test('a body that stops is given up within half a minute', async () => {
      const { status } = await rawRequest({
        url: stack.url,
        head: [
          'POST /v1/outcomes HTTP/1.1',
          'host: x',
          `authorization: Bearer ${stack.keys.attacker}`,
          'content-type: application/json',
          'content-length: 1000',
        ],
        pieces: ['['],
      });
      expect(status).toBe(408);
    });

    test('headers that never end are given up', async () => {
      const { status } = await rawRequest({
        url: stack.url,
        head: ['GET / HTTP/1.1', 'x: y'],
        timeoutMs: 100,
      });
      expect([0, 400]).toContain(status);
    });

    test.each([
      ['Prefer', `wait=${'1'.repeat(12_000)}`],
      ['Prefer', `${' '.repeat(12_000)}x`],
      ['If-None-Match', ',W/"a"'.repeat(2_000)],
      ['Authorization', `Bearer${' '.repeat(12_000)}`],
      ['traceparent', '0'.repeat(12_000)],
      ['X-Request-Id', 'a'.repeat(12_000)],
      ['Content-Type', `text/csv${';'.repeat(12_000)}`],
      ['X-Forwarded-For', '1,'.repeat(6_000)],
    ])('a %s header of 12 KB takes no time', async (name, value) => {
      const startedMs = performance.now();
      const headers = { authorization: `Bearer ${stack.keys.attacker}`, [name]: value };
      const answer = await fetch(`${stack.url}/v1/jobs/${stack.jobId}`, { headers }).catch(() => undefined);
      await answer?.arrayBuffer();
      expect(answer?.status ?? 400).toBeLessThan(500);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    });
  });

  describe('keys', () => {
    test('guessed keys are refused, then limited, and the database is not asked for them', async () => {
      const lookups = async () =>
        Number(
          (
            await stack.db
              .selectFrom('audit_events')
              .select((query) => query.fn.countAll().as('n'))
              .where('action', '=', 'auth.refused')
              .executeTakeFirstOrThrow()
          ).n,
        );
      const before = await lookups();
      const guess = () => `iit_${randomBytes(9).toString('hex').slice(0, 12)}_${'A'.repeat(43)}`;
      const statuses = new Set<number>();
      await sustained(async () => {
        // From an address of its own: what it is limited by shall be no other test's.
        const headers = { 'x-forwarded-for': '203.0.113.9' };
        const answers = await Promise.all(
          Array.from({ length: 100 }, () => ask('/v1/jobs', { key: guess(), headers })),
        );
        for (const { status } of answers) statuses.add(status);
      });
      expect([...statuses].toSorted((a, b) => a - b)).toEqual([401, 429]);
      expect((await lookups()) - before).toBeLessThan(5);
    });

    test.each(['', 'iit_', `iit_${'a'.repeat(12)}_`, 'Basic x', '\u00e4'.repeat(50), 'a'.repeat(8_000)])(
      'a key that is none opens nothing (%#)',
      async (key) => {
        const { status } = await rawRequest({
          url: stack.url,
          head: ['GET /v1/jobs HTTP/1.1', 'host: x', `authorization: ${key}`],
        });
        expect([400, 401, 429]).toContain(status);
      },
    );

    test('a key of one scope opens no route of another', async () => {
      const read = await stack.key('attacker', ['read']);
      for (const route of ROUTES) {
        if (route.access === 'public' || route.access === 'any' || route.access === 'read') continue;
        const path = route.path.replaceAll(/\{\w+\}/gu, stack.jobId);
        expect([route.path, (await ask(path, { method: route.method, key: read })).status]).toEqual([
          route.path,
          403,
        ]);
      }
    });

    test('no route gives a job of another tenant', async () => {
      for (const route of ROUTES) {
        if (!route.path.includes('/v1/jobs/{id}')) continue;
        const path = route.path.replaceAll('{id}', stack.jobId).replaceAll(/\{\w+\}/gu, '1');
        const body = route.requestBody?.content.find(({ example }) => example !== undefined);
        const more =
          body === undefined ? {} : { body: body.example!, headers: { 'content-type': body.type } };
        const { status } = await ask(path, { method: route.method, ...more });
        expect([route.path, status]).toEqual([route.path, 404]);
      }
    });

    test('floods of one key are answered 429 with the policy, and another tenant is served', async () => {
      const key = await stack.key('attacker', ['read']);
      let limited: Awaited<ReturnType<typeof ask>> | undefined;
      for (let round = 0; round < 40 && limited === undefined; round++) {
        const answers = await Promise.all(Array.from({ length: 100 }, () => ask('/v1/models', { key })));
        limited = answers.find(({ status }) => status === 429);
      }
      expect(limited?.code).toBe('rate_limited');
      expect(limited?.headers.get('ratelimit-policy')).toMatch(/^"(?:requests|tenant)";q=\d+;w=10$/u);
      expect(limited?.headers.get('ratelimit')).toMatch(/;r=0;t=\d+$/u);
      expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await ask('/v1/models', { key: stack.keys.victim })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 10_500));
    });

    test('event streams and long polls of one key are capped', async () => {
      const own = await csv(`${COLUMNS}\nA-1${ROW}\n`);
      const { id } = JSON.parse(own.text) as { id: string };
      const open = Array.from({ length: 60 }, () => new AbortController());
      const answers = await Promise.all(
        open.map(async ({ signal }) => {
          const headers = { authorization: `Bearer ${stack.keys.attacker}` };
          return (await fetch(`${stack.url}/v1/jobs/${id}/events`, { headers, signal })).status;
        }),
      );
      for (const one of open) one.abort();
      expect(answers.filter((status) => status === 200)).toHaveLength(50);
      expect(answers.filter((status) => status === 429)).toHaveLength(10);
    });
  });

  describe('values', () => {
    test.each([
      ['POST', '/v1/jobs?name=%00', 'text/csv', `${COLUMNS}\nP${ROW}\n`],
      ['POST', '/v1/jobs?model=%00', 'text/csv', 'x'],
      ['GET', '/v1/models/%00', '', undefined],
      ['GET', '/v1/jobs/%00', '', undefined],
      ['GET', '/v1/audit?patient_id=%00', '', undefined],
      ['GET', '/v1/audit/events?actor=%00', '', undefined],
      ['GET', '/v1/audit/events?entity=%00', '', undefined],
      ['GET', '/v1/audit/events?from=0000-01-01T00:00:00Z', '', undefined],
      ['GET', '/v1/jobs?limit=1e400', '', undefined],
      ['GET', `/v1/jobs?cursor=${'A'.repeat(5_000)}`, '', undefined],
      ['GET', '/v1/jobs?cursor=%00', '', undefined],
      [
        'POST',
        '/v1/outcomes',
        'application/json',
        '[{"patient_id":"P\\u0000","outcome":"in_care","date":"2026-01-01"}]',
      ],
      [
        'POST',
        '/v1/outcomes',
        'application/json',
        '[{"patient_id":"P","outcome":"in_care","date":"0000-01-01"}]',
      ],
      ['POST', '/v1/outcomes', 'application/json', '{"__proto__":{"x":1}}'],
      ['PUT', '/v1/features', 'application/json', '{"patient_id":"P\\u0000"}'],
      ['POST', '/v1/predict', 'application/json', '{"patient_ids":["P\\u0000"]}'],
      ['POST', '/v1/predict', 'application/json', '{"patient_id":"\\ud800"}'],
      ['POST', '/v1/predict?as_of=0000-01-01', 'application/vnd.iit.nmrs+json', '{}'],
      ['POST', '/v1/predict?model=%00', 'application/json', '{}'],
      ['POST', '/v1/models', 'application/json', '{"model":"","manifest":"","golden":""}'],
      ['POST', '/v1/models', 'multipart/form-data; boundary=x', '--x'],
    ])('%s %s with what no table holds is no 500 (%s %s)', async (method, path, type, body) => {
      const { status, text } = await ask(path, {
        method,
        ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
      });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(/invalid byte sequence|field value out of range|syntax for type|relation "/iu);
    });

    test('a NUL in one tenant’s messages fails no prediction of another', async () => {
      const poison = JSON.stringify(nmrsMessage('P\u0000X'));
      const seen: number[] = [];
      await Promise.all([
        ...Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 20; i++) {
            const { status } = await post('/v1/predict?explain=0', 'application/vnd.iit.nmrs+json', poison);
            expect(status).toBeLessThan(500);
          }
        }),
        ...Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 20; i++) {
            const path = '/v1/predict?explain=0&ignore_unknown=true';
            seen.push((await json(path, GOOD, { key: stack.keys.victim })).status);
          }
        }),
      ]);
      expect(seen.filter((status) => status >= 500)).toEqual([]);
    });
  });

  describe('requests that two servers read differently', () => {
    const smuggled = 'GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n';
    test.each([
      ['a length and chunks', ['content-length: 4', 'transfer-encoding: chunked']],
      ['two lengths', ['content-length: 4', 'content-length: 5']],
      ['a negative length', ['content-length: -1']],
      ['an encoding of no name', ['transfer-encoding: xchunked']],
      ['a folded header', ['x: a', ' content-length: 4']],
      ['a space before the colon', ['content-length : 4']],
    ])('%s are refused', async (_, lines) => {
      const { status, text } = await rawRequest({
        url: stack.url,
        head: [
          'POST /v1/predict HTTP/1.1',
          'host: x',
          `authorization: Bearer ${stack.keys.attacker}`,
          ...lines,
        ],
        pieces: [`0\r\n\r\n${smuggled}`],
        timeoutMs: 5_000,
      });
      expect([0, 400, 415, 501]).toContain(status);
      expect(text).not.toContain('"models"');
    });
  });

  describe('what strangers see', () => {
    test.each(['/health', '/health/ready', '/health/live'])('%s tells its status alone', async (path) => {
      const { text } = await ask(path, { key: '' });
      expect(Object.keys(JSON.parse(text) as object)).toEqual(['status']);
    });

    test('an error names no host, no user, no version of a library', async () => {
      const { text, headers } = await ask('/v1/nothing', { key: '' });
      expect(text).not.toMatch(/postgres|127\.0\.0\.1|node_modules|\bat \//u);
      expect(headers.get('x-powered-by') ?? headers.get('server')).toBeNull();
    });

    test('a cursor of one list opens no other', async () => {
      await csv(`${COLUMNS}\nA-2${ROW}\n`);
      const { text } = await ask('/v1/jobs?limit=1');
      const { next_cursor: cursor } = JSON.parse(text) as { next_cursor: string };
      const changed = `${cursor.slice(0, -2)}AA`;
      for (const path of [`/v1/audit/events?cursor=${cursor}`, `/v1/jobs?limit=1&cursor=${changed}`]) {
        expect((await ask(path)).code).toBe('invalid_cursor');
      }
    });
  });

  describe('models', () => {
    const good = knownModel({ version: `good-${queue}` });
    const upload = async (text: string, version: string, key = stack.keys.attacker) =>
      await json('/v1/models', changed(good, text, version), { key });

    test.each([
      ['a leaf that is no number', (text: string) => text.replace(/^leaf_value=\S+/mu, 'leaf_value=nan')],
      ['an infinite leaf', (text: string) => text.replace(/^leaf_value=\S+/mu, 'leaf_value=-inf')],
      [
        'two thousand million leaves',
        (text: string) => text.replace(/^num_leaves=\d+/mu, 'num_leaves=2147483647'),
      ],
      [
        'trees that the text’s sizes do not know',
        (text: string) =>
          text.replace(
            'end of trees',
            `${'Tree=1\nnum_leaves=1\nleaf_value=0\n\n'.repeat(20_000)}end of trees`,
          ),
      ],
      ['a chain of splits', (text: string) => withTree(text, chain(3_000))],
      ['a circle of splits', (text: string) => text.replace(/^left_child=\S+/mu, 'left_child=0')],
      [
        'a feature that is not there',
        (text: string) => text.replace(/^split_feature=\S+/mu, 'split_feature=999'),
      ],
    ])('%s: refused, and nothing else happens', async (what, spoil) => {
      const { status, code } = await upload(spoil(good.text.toString()), `bad-${what.length}`);
      expect([status, code]).toEqual([422, 'model_invalid']);
    });

    test('a refusal is remembered: the same body again costs nothing', async () => {
      const body = JSON.stringify(changed(good, 'hello', 'again'));
      await post('/v1/models', 'application/json', body);
      const startedMs = performance.now();
      for (let i = 0; i < 20; i++) {
        expect((await post('/v1/models', 'application/json', body)).status).toBe(422);
      }
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    });

    test('another tenant’s model is neither shown nor used, and its bytes under another name are 409', async () => {
      const own = await upload(good.text.toString(), good.manifest.version, stack.keys.victim);
      expect(own.status).toBe(201);
      const { version } = good.manifest;
      expect((await ask(`/v1/models/${version}`)).status).toBe(404);
      expect((await ask(`/v1/models/${version}/activate`, { method: 'POST' })).status).toBe(404);
      expect((await ask(`/v1/models/${version}/shadow`, { method: 'PUT' })).status).toBe(404);
      expect((await json(`/v1/predict?model=${version}`, GOOD)).status).toBe(404);
      expect((await ask('/v1/models')).text).not.toContain(version);
      const again = await upload(good.text.toString(), 'other-name', stack.keys.victim);
      expect([again.status, again.code]).toEqual([409, 'model_conflict']);
      expect(again.text).toContain(version);
    });
  });
});

/** Goes on for long enough that a percentile of the victim's polls is one. */
async function sustained(attack: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + ATTACK_MS;
  do await attack();
  while (performance.now() < untilMs);
}

function codeOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { code?: string }).code;
  } catch {
    return undefined;
  }
}

async function zstdWithWindow(windowLog: number): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } });
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => stream.once('end', resolve));
  stream.write(`${COLUMNS}\nP-1${ROW}\n`);
  stream.end(randomBytes(10 * MB));
  await ended;
  return Buffer.concat(parts);
}

type Known = ReturnType<typeof knownModel>;

/** The upload with another text, whose checksums hold. */
function changed(model: Known, text: string, version: string) {
  const of = knownModelFiles(model, text, version);
  return { model: text, manifest: JSON.stringify(of.manifest), golden: of.golden };
}

function knownModelFiles(model: Known, text: string, version: string) {
  const sha256 = sha256Of(text);
  const golden = JSON.stringify({
    ...(JSON.parse(model.golden.toString()) as object),
    model_sha256: sha256,
  });
  const rows = model.manifest.golden.rows;
  const manifest = {
    ...model.manifest,
    version,
    sha256,
    golden: { file: 'golden.json', rows, sha256: sha256Of(golden) },
  };
  return { manifest, golden };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function withTree(text: string, tree: string): string {
  return text.replace(/Tree=0[\s\S]*end of trees/u, () => `${tree}\nend of trees`);
}

/** Every split's one side is a leaf. */
function chain(depth: number): string {
  const list = (length: number, value: (at: number) => number) =>
    Array.from({ length }, (_, at) => value(at)).join(' ');
  return [
    'Tree=0',
    `num_leaves=${depth + 1}`,
    'num_cat=0',
    `split_feature=${list(depth, () => 0)}`,
    `threshold=${list(depth, (at) => at)}`,
    `decision_type=${list(depth, () => 2)}`,
    `left_child=${list(depth, (at) => -(at + 1))}`,
    `right_child=${list(depth, (at) => (at === depth - 1 ? -(depth + 1) : at + 1))}`,
    `leaf_value=${list(depth + 1, () => 0.1)}`,
    `leaf_count=${list(depth + 1, () => 1)}`,
    `internal_count=${list(depth, () => 2)}`,
    'shrinkage=1',
    '',
  ].join('\n');
}
