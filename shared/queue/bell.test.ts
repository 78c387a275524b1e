import { expect, test } from 'vitest';
import { parseBell } from './bell.ts';

const bell = {
  jobId: '8b0c8a3e-7a55-4c1c-9c3b-0d9f0a2f6a11',
  chunkNo: 3,
  epoch: 2,
  priority: 'normal',
} as const;

test('a bell is heard with its trace and without one', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  expect(parseBell(bell)).toEqual(bell);
  expect(parseBell({ ...bell, traceparent })).toEqual({ ...bell, traceparent });
});

test('a faulty trace or an unknown field of a later release never costs the bell', () => {
  expect(parseBell({ ...bell, traceparent: 7, later: true })).toEqual(bell);
});

test('what is no bell is not heard', () => {
  expect(parseBell({ ...bell, epoch: 0 })).toBeUndefined();
  expect(parseBell('bell')).toBeUndefined();
});
