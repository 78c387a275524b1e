import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { EngineError } from '#engine/errors.ts';
import { readDoubles, readParameter } from '#engine/model/numbers.ts';
import { featuresOf } from '#engine/model/features.ts';
import { parseModel } from '#engine/model/parse.ts';

const MODEL = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=age visits
feature_infos=[1:90] 3:1:7
tree_sizes=300

Tree=0
num_leaves=3
num_cat=1
split_feature=0 1
threshold=40.5 0
decision_type=10 1
left_child=1 -1
right_child=-2 -3
leaf_value=0.1 0.2 0.30000000000000004
leaf_count=5 6 7
internal_value=0 1
internal_count=18 12
cat_boundaries=0 1
cat_threshold=138
is_linear=0
shrinkage=0.1


end of trees

feature_importances:
age=1
`;

function doublesOf(text: string, count: number): Float64Array {
  const bytes = new TextEncoder().encode(text);
  return readDoubles(bytes, { start: 0, end: bytes.length, line: 1 }, new Float64Array(count), 'x');
}

function refusal(text: string): [string, number | undefined] {
  try {
    parseModel(text);
  } catch (error) {
    if (error instanceof EngineError) {
      return [error.code, error.line];
    }
    throw error;
  }
  return ['none', undefined];
}

function lineOf(text: string, start: string): number {
  return text.split('\n').findIndex((line) => line.startsWith(start)) + 1;
}

test('a model is read with its features, trees and objective', () => {
  const model = parseModel(MODEL);
  expect(model).toMatchObject({ version: 'v4', featureCount: 2, outputCount: 1, iterationCount: 1 });
  expect(featuresOf(model)).toEqual([
    { index: 0, name: 'age', kind: 'numerical', min: 1, max: 90, categories: undefined },
    { index: 1, name: 'visits', kind: 'categorical', min: undefined, max: undefined, categories: [3, 1, 7] },
  ]);
  expect([...model.trees[0]!.leafValue]).toEqual([0.1, 0.2, 0.30000000000000004]);
});

test.each([
  ['CRLF', MODEL.replaceAll('\n', '\r\n')],
  ['a byte order mark', `\uFEFF${MODEL}`],
  [
    'version v2 without decision types or sizes',
    MODEL.replace('v4', 'v2')
      .replace(/tree_sizes.*\n/, '')
      .replace('split_feature=0 1', 'split_feature=0 0')
      .replace(/decision_type.*\n/, ''),
  ],
  ['no objective', MODEL.replace(/objective.*\n/, '')],
])('%s is no obstacle', (_, text) => {
  expect(parseModel(text).trees).toHaveLength(1);
});

describe('what cannot be scored is refused by code and line', () => {
  test.each<[string, (text: string) => string, string, string]>([
    ['something else', () => '{"a": 1}', 'not_a_model', '{'],
    ['an unknown version', (text) => text.replace('v4', 'v9'), 'unsupported_version', 'version'],
    [
      'an unknown objective',
      (text) => text.replace('=binary', '=astrology'),
      'unsupported_objective',
      'objective',
    ],
    ['binary without its sigmoid', (text) => text.replace(' sigmoid:1', ''), 'missing_field', 'objective'],
    ['a name too few', (text) => text.replace('age visits', 'age'), 'wrong_length', 'feature_names'],
    ['a leaf value too few', (text) => text.replace('0.1 0.2 ', '0.1 '), 'wrong_length', 'leaf_value'],
    ['text in a number', (text) => text.replace('40.5', '40,5'), 'malformed_number', 'threshold'],
    ['a hexadecimal number', (text) => text.replace('40.5', '0x28'), 'malformed_number', 'threshold'],
    [
      'a feature that is not there',
      (text) => text.replace('split_feature=0 1', 'split_feature=0 2'),
      'out_of_range',
      'split_feature',
    ],
    [
      'an unknown missing type',
      (text) => text.replace('decision_type=10', 'decision_type=14'),
      'unsupported_split',
      'decision_type',
    ],
    [
      'a category set that is not there',
      (text) => text.replace('=40.5 0', '=40.5 1'),
      'malformed_tree',
      'threshold',
    ],
    ['a loop', (text) => text.replace('left_child=1 -1', 'left_child=1 1'), 'malformed_tree', 'left_child'],
    [
      'a leaf that is never reached',
      (text) => text.replace('right_child=-2 -3', 'right_child=-2 -2'),
      'malformed_tree',
      'left_child',
    ],
    [
      'outputs that do not fit the trees',
      (text) => text.replace('num_class=1', 'num_class=2'),
      'unsupported_output_count',
      'num_tree_per_iteration',
    ],
    [
      'a tree that is missing',
      (text) => text.replace('tree_sizes=300', 'tree_sizes=300 300'),
      'truncated',
      'end of trees',
    ],
    [
      'a line without a key',
      (text) => text.replace('is_linear=0', 'is_linear'),
      'malformed_line',
      'is_linear',
    ],
  ])('%s', (_, spoil, code, at) => {
    const text = spoil(MODEL);
    expect(refusal(text)).toEqual([code, lineOf(text, at)]);
  });

  test('every cut of the text is refused, not half read', () => {
    const whole = MODEL.indexOf('end of trees') + 'end of trees'.length;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole - 1 }), (length) => {
        expect(refusal(MODEL.slice(0, length))[0]).not.toBe('none');
      }),
    );
  });
});

test('every finite double survives its 17 digits', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Object.is(doublesOf(Object.is(value, -0) ? '-0' : value.toPrecision(17), 1)[0], value)).toBe(
        true,
      );
    }),
  );
});

test('inf and nan are read in every spelling of the C library', () => {
  expect([...doublesOf('inf -inf +Infinity nan -nan', 5)]).toEqual([
    Infinity,
    -Infinity,
    Infinity,
    Number.NaN,
    Number.NaN,
  ]);
});

test('parameters are read as LightGBM gathers digits', () => {
  expect(readParameter('0.7', 'sigmoid', 1)).toBe(0.7);
  expect(readParameter('-1.5e-3', 'sigmoid', 1)).toBe(-0.0015);
  expect(() => readParameter('', 'sigmoid', 1)).toThrow(EngineError);
});
