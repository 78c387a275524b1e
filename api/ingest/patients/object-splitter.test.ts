import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinesOrObjects, LineSplitter, ObjectSplitter, type WrapperRules } from './object-splitter.ts';

function cut(kind: 'objects' | 'lines', pieces: readonly Buffer[], maxBytes = 1_000_000) {
  const found: [string | undefined, number][] = [];
  const Splitter = kind === 'objects' ? ObjectSplitter : LineSplitter;
  const splitter = new Splitter(maxBytes, (bytes, line) => found.push([bytes?.toString(), line]));
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    splitter.write(lent);
    lent.fill(0);
  }
  splitter.end();
  return found;
}

/** The text in pieces that end anywhere. */
function pieces(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, [...at, bytes.length][i]));
}

test('objects of an array come out whole, wherever the buffers end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 }),
      fc.array(fc.nat()),
      fc.boolean(),
      (list, cuts, pretty) => {
        const body = JSON.stringify(list, null, pretty ? 2 : 0);
        const found = cut('objects', pieces(body, cuts)).map(([text]) => JSON.parse(text!) as unknown);
        expect(found).toEqual(JSON.parse(body));
      },
    ),
  );
});

test('lines come out whole, wherever the buffers end, with their numbers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }).map((line) => `x${line.replaceAll(/[\r\n]/gu, '')}`)),
      fc.array(fc.nat()),
      (lines, cuts) => {
        const found = cut('lines', pieces(lines.join('\n'), cuts));
        expect(found).toEqual(lines.map((line, i) => [Buffer.from(line).toString(), i + 1]));
      },
    ),
  );
});

test('what is too long is told of and dropped, and the next comes out', () => {
  const long = `{"a":"${'x'.repeat(100)}"}`;
  for (const size of [1, 7, 1_000]) {
    const body = Buffer.from(`[${long},\n{"b":1}]`);
    const parts = Array.from({ length: Math.ceil(body.length / size) }, (_, i) =>
      body.subarray(i * size, (i + 1) * size),
    );
    expect(cut('objects', parts, 50)).toEqual([
      [undefined, 1],
      ['{"b":1}', 2],
    ]);
    const lines = Buffer.from(`${long}\n{"b":1}\n`);
    const lineParts = Array.from({ length: Math.ceil(lines.length / size) }, (_, i) =>
      lines.subarray(i * size, (i + 1) * size),
    );
    expect(cut('lines', lineParts, 50)).toEqual([
      [undefined, 1],
      ['{"b":1}', 2],
    ]);
  }
});

test('anything else between objects is refused, and so is an object without an end', () => {
  expect(() => cut('objects', [Buffer.from('{"a":1} x')])).toThrow(/Expected an object/u);
  expect(() => cut('objects', [Buffer.from('{"a":1')])).toThrow(/ends within/u);
});

const RULES: WrapperRules = {
  isOwnKey: (key) => key === 'own' || key === 'messageData',
  isWrapperKey: (key) => key === 'data',
};

function unwrapped(body: string, cuts: readonly number[] = [], rules = RULES) {
  const found: unknown[] = [];
  const splitter = new ObjectSplitter(
    1_000_000,
    (bytes, _, dropped) => found.push(bytes === undefined ? dropped : JSON.parse(bytes.toString())),
    rules,
  );
  for (const piece of pieces(body, cuts)) splitter.write(piece);
  splitter.end();
  return found;
}

const message = fc.record({
  own: fc.jsonValue({ maxDepth: 3 }),
  visits: fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 })), { maxLength: 2 }),
});
const besides = fc.dictionary(
  fc.string().filter((key) => key !== 'own' && key !== 'data' && key !== 'messageData'),
  fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.array(fc.integer())),
);

test('an object that wraps an array of others is opened, whatever stands beside it and wherever the buffers end', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      besides,
      fc.constantFrom('patients', 'data', 'rows'),
      fc.array(fc.nat()),
      fc.boolean(),
      (list, extras, key, cuts, pretty) => {
        const wrap = { ...extras, [key]: list, more: { own: 1 }, tail: ['x', [1]] };
        expect(unwrapped(JSON.stringify(wrap, null, pretty ? 1 : 0), cuts)).toEqual(
          JSON.parse(JSON.stringify(list)),
        );
        const inner = { meta: 7, data: { ...extras, [key]: list } };
        expect(unwrapped(JSON.stringify(inner), cuts)).toEqual(JSON.parse(JSON.stringify(list)));
        expect(unwrapped(JSON.stringify({ data: list[0] }), cuts)).toEqual([
          JSON.parse(JSON.stringify(list[0])),
        ]);
      },
    ),
    { numRuns: 200 },
  );
});

test('an object with a key of its own is none that wraps, and neither is one with a list of no objects', () => {
  const own = { own: 1, list: [{ a: 1 }] };
  expect(unwrapped(JSON.stringify(own))).toEqual([own]);
  const tagged = { tags: ['a', 'b'], none: [], messageData: {} };
  expect(unwrapped(JSON.stringify(tagged))).toEqual([tagged]);
});

test('what is nested deeper than 64 is dropped by name, and the next comes out', () => {
  const deep = `{"own":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  expect(unwrapped(`[${deep},{"own":2}]`)).toEqual(['nesting_too_deep', { own: 2 }]);
  expect(cut('lines', [Buffer.from(`${deep}\n{"b":1}`)])).toEqual([
    [undefined, 1],
    ['{"b":1}', 2],
  ]);
  expect(() => unwrapped('['.repeat(100))).toThrow(/Expected an object/u);
});

function linesOrObjects(body: string, cuts: readonly number[] = [], maxBytes = 1_000_000) {
  const found: unknown[] = [];
  const on = (bytes: Buffer | undefined) => found.push(bytes?.toString().replaceAll(/\s/gu, ''));
  const splitter = new LinesOrObjects(
    maxBytes,
    () => new LineSplitter(maxBytes, on),
    () => new ObjectSplitter(maxBytes, on, RULES),
  );
  for (const piece of pieces(body, cuts)) splitter.write(piece);
  splitter.end();
  return found;
}

test('JSON printed over many lines, or a list, comes out whole though it calls itself one object a line', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), fc.array(fc.nat()), (list, cuts) => {
      const plain = list.map((one) => JSON.stringify(one).replaceAll(/\s/gu, ''));
      expect(linesOrObjects(JSON.stringify(list, null, 2), cuts)).toEqual(plain);
      expect(linesOrObjects(list.map((one) => JSON.stringify(one, null, 2)).join('\n'), cuts)).toEqual(plain);
      expect(linesOrObjects(list.map((one) => JSON.stringify(one)).join('\n'), cuts)).toEqual(plain);
    }),
    { numRuns: 200 },
  );
});

test('a broken first line costs only itself where the second is an object', () => {
  expect(linesOrObjects('{"own":\n{"own":2}\n')).toEqual(['{"own":', '{"own":2}']);
});

test('noise of any kind is objects or one sentence, never worse', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', '\n', ' ', 'a', '1') }),
      fc.array(fc.nat()),
      (noise, cuts) => {
        let code: string | undefined;
        try {
          linesOrObjects(noise, cuts);
          scanned(noise, cuts);
        } catch (error) {
          code = (error as { code?: string }).code ?? 'not a ServiceError';
        }
        expect([undefined, 'malformed_json']).toContain(code);
      },
    ),
    { numRuns: 2_000 },
  );
});

function scanned(body: string, cuts: readonly number[]): void {
  const splitter = new ObjectSplitter(1_000, () => undefined, RULES);
  for (const piece of pieces(body, cuts)) splitter.write(piece);
  splitter.end();
}
