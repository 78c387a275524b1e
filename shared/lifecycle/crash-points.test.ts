import { expect, test } from 'vitest';
import { createCrashPoints } from './crash-points.ts';

test('the signal goes out at the n-th pass of the named point and at no other', () => {
  const sent: string[] = [];
  const crash = createCrashPoints('after_copy:2', (signal) => sent.push(signal));
  crash('after_copy');
  crash('before_commit');
  expect(sent).toEqual([]);
  crash('after_copy');
  crash('after_copy');
  expect(sent).toEqual(['SIGKILL']);
});

test('a process can be told to stand still instead', () => {
  const sent: string[] = [];
  createCrashPoints('after_score:1:SIGSTOP', (signal) => sent.push(signal))('after_score');
  expect(sent).toEqual(['SIGSTOP']);
});

test.each(['after_lunch', 'after_copy:0', 'after_copy:1:SIGHUP'])('%s is refused by name', (setting) => {
  expect(() => createCrashPoints(setting)).toThrow(setting);
});

test('without a setting nothing happens', () => {
  expect(() => createCrashPoints(undefined)('after_copy')).not.toThrow();
});
