import { expect, test } from 'vitest';
import { createReasonTexts } from './reason-texts.ts';

const texts = createReasonTexts([
  { name: 'late_pickups_of_5' },
  { name: 'total_dispensations' },
  { name: 'late_days_mean_5' },
  { name: 'of_a_foreign_model' },
]);

test('a reason is worded by its feature, its value and its direction', () => {
  const raises = texts.textOf({ feature: 1, value: 3, contribution: 0.2 });
  expect(texts.textOf({ feature: 1, value: 3, contribution: 0.2 })).toBe(raises);
  expect(texts.textOf({ feature: 1, value: 4, contribution: 0.2 })).not.toBe(raises);
  expect(texts.textOf({ feature: 1, value: NaN, contribution: 0.2 })).not.toContain('NaN');
});

test('what else is known of the row enters words that name it', () => {
  const late = { feature: 0, value: 3, contribution: 0.4 };
  const known = [late, { feature: 1, value: 9 }, { feature: 2, value: 12 }];
  expect(texts.textOf(late, known)).toBe('Late for 3 of the last 5 pickups, 12 days on average');
  expect(texts.textOf(late)).not.toContain('average');
});

test('a feature that this release does not know is told by name and value', () => {
  expect(texts.textOf({ feature: 3, value: 1.5, contribution: 1 })).toBe('of_a_foreign_model = 1.5');
  expect(texts.textOf({ feature: 9, value: 1, contribution: 1 })).toBe('feature_9 = 1');
});

test('sentences stay right after more values than are kept', () => {
  for (let value = 0; value < 60_000; value++) texts.textOf({ feature: 3, value, contribution: 1 });
  expect(texts.textOf({ feature: 3, value: 7, contribution: 1 })).toBe('of_a_foreign_model = 7');
});
