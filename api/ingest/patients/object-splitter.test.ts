import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter, ObjectSplitter } from './object-splitter.ts';

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
