import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { attachModel, EngineError, loadModel, prepareModel, type TreeModel } from '#engine/index.ts';
import { thresholdBelow } from '#engine/xgboost/single.ts';
import { parseUbjson } from '#engine/xgboost/ubjson.ts';
import { readDoubleFile } from '#test/golden/cases.ts';

const FOLDER = join(import.meta.dirname, '../golden-xgboost');
const names = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

type Case = {
  readonly rows: number;
  readonly features: number;
  readonly outputs: number;
  readonly binary: boolean;
};

function modelOf(name: string): Uint8Array {
  const json = join(FOLDER, name, 'model.json');
  return new Uint8Array(readFileSync(existsSync(json) ? json : join(FOLDER, name, 'model.ubj')));
}

function floats(name: string, file: string): Float32Array {
  const bytes = readFileSync(join(FOLDER, name, file));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Singles that lie between two values. */
function ulps(left: number, right: number): number {
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return 0;
  const bits = new Int32Array(Float32Array.of(left, right).buffer);
  const order = (value: number): number => (value < 0 ? -0x80000000 - value : value);
  return Math.abs(order(bits[0]!) - order(bits[1]!));
}

describe.each(names)('%s', (name) => {
  const facts = JSON.parse(readFileSync(join(FOLDER, name, 'case.json'), 'utf8')) as Case;
  const rows = readDoubleFile(join(FOLDER, name), 'rows.f64');
  const bytes = modelOf(name);
  const wanted = floats(name, 'raw.f32');

  test.each<[string, () => TreeModel]>([
    ['fast', () => loadModel(bytes)],
    ['reference', () => loadModel(bytes, { scorer: 'reference', explainer: 'reference' })],
    ['prepared', () => attachModel(prepareModel(bytes))],
  ])('%s: margins and leaves are XGBoost’s bit for bit, predictions within 4 ulp', (_, make) => {
    const model = make();
    expect(model.library).toBe('xgboost');
    const raw = model.predict(rows, { raw: true });
    expect(Float32Array.from(raw)).toEqual(wanted);
    expect([...raw].every((value) => Object.is(Math.fround(value), value))).toBe(true);
    for (let row = 0; row < 8; row++) {
      const one = model.predict(rows.subarray(row * facts.features, (row + 1) * facts.features), {
        raw: true,
      });
      expect(Float32Array.from(one)).toEqual(wanted.subarray(row * facts.outputs, (row + 1) * facts.outputs));
    }
    const leaves = readFileSync(join(FOLDER, name, 'leaf.i32'));
    expect(Buffer.from(model.predictLeaf(rows).buffer).equals(leaves)).toBe(true);
    const wantedPredictions = existsSync(join(FOLDER, name, 'pred.f32')) ? floats(name, 'pred.f32') : [];
    const predicted = model.predict(rows);
    wantedPredictions.forEach((value, at) => {
      expect(ulps(value, Math.fround(predicted[at]!))).toBeLessThanOrEqual(4);
    });
  });

  test.each(['auto', 'reference'] as const)(
    '%s: contributions are XGBoost’s within its single precision, and add up to the margin',
    (explainer) => {
      const model = loadModel(bytes, { explainer });
      const found = model.predictContrib(rows);
      const width = facts.features + 1;
      floats(name, 'contrib.f32').forEach((value, at) => {
        expect(Math.abs(value - found[at]!)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
      });
      wanted.forEach((margin, at) => {
        const sum = found.subarray(at * width, (at + 1) * width).reduce((total, value) => total + value, 0);
        expect(Math.abs(sum - margin)).toBeLessThan(1e-4 * Math.max(1, Math.abs(margin)));
      });
    },
  );
});

test('a double threshold answers as the comparison of singles does, for every double', () => {
  fc.assert(
    fc.property(
      fc.float({ noNaN: true }),
      fc.double({ noNaN: true }),
      fc.integer({ min: -2, max: 2 }),
      (condition, any, steps) => {
        fc.pre(condition > -Infinity);
        const threshold = thresholdBelow(condition);
        for (const value of [any, condition, beside(threshold, steps), beside(condition, steps)]) {
          expect(value <= threshold).toBe(Math.fround(value) < condition);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

/** Whether a file is read, or refused by an EngineError. */
function refusalOf(file: Uint8Array): boolean {
  try {
    loadModel(file);
    return true;
  } catch (error) {
    return error instanceof EngineError;
  }
}

test('anything cut or spoiled is refused with an EngineError, never with another', () => {
  for (const name of ['categorical', 'dart_multi_ubj']) {
    const bytes = modelOf(name);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const spoiled = bytes.slice();
        spoiled[at] = byte;
        for (const text of [bytes.subarray(0, at), spoiled]) {
          expect(refusalOf(text)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  }
});

test('binary JSON refuses lengths that the text has no room for', () => {
  const bytes = Uint8Array.of(91, 36, 100, 35, 108, 0x7f, 0xff, 0xff, 0xff);
  expect(() => parseUbjson(bytes)).toThrow(/more than it holds/);
});

function beside(value: number, steps: number): number {
  if (!Number.isFinite(value) || steps === 0) return value;
  if (value === 0) return steps * 5e-324;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(value > 0 ? steps : -steps));
  return view.getFloat64(0);
}
