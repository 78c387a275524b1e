import { expect, test, vi } from 'vitest';
import { createCrashPoints } from './crash-points.ts';

test('a process dies at the n-th pass of the named point and at no other', () => {
  const die = vi.fn<() => void>();
  const crash = createCrashPoints('after_copy:2', die);
  crash('after_copy');
  crash('before_commit');
  expect(die).not.toHaveBeenCalled();
  crash('after_copy');
  crash('after_copy');
  expect(die).toHaveBeenCalledTimes(1);
});

test('an unknown point is refused by name', () => {
  expect(() => createCrashPoints('after_lunch')).toThrow('after_lunch');
  expect(() => createCrashPoints('after_copy:0')).toThrow('after_copy:0');
});

test('without a setting nothing dies', () => {
  expect(() => createCrashPoints(undefined)('after_copy')).not.toThrow();
});
