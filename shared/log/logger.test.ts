import { expect, test } from 'vitest';
import { createLineLimit } from './line-limit.ts';
import { loggedError } from './logger.ts';

test('lines of one kind are limited in a window, and the next one says how many were held back', () => {
  let nowMs = 0;
  const allow = createLineLimit({ perWindow: 3, windowMs: 1_000, nowMs: () => nowMs });
  const passed = Array.from({ length: 181_237 }, () => allow('the queue reports an error')).filter(
    ({ pass }) => pass,
  );
  expect(passed).toHaveLength(3);
  expect(allow('something else')).toEqual({ pass: true, heldBack: 0 });
  nowMs = 1_000;
  expect(allow('the queue reports an error')).toEqual({ pass: true, heldBack: 181_234 });
  expect(allow('the queue reports an error')).toEqual({ pass: true, heldBack: 0 });
});

test('kinds without end do not grow the table', () => {
  const allow = createLineLimit({ perWindow: 1, nowMs: () => 0 });
  const passed = Array.from({ length: 10_000 }, (_, i) => allow(`kind ${i}`)).filter(({ pass }) => pass);
  expect(passed.length).toBeLessThanOrEqual(501);
});

test("what PostgreSQL quotes of a row does not reach the log, its code and the fault's place do", () => {
  const error = Object.assign(new Error('invalid input syntax for type date: "P-4711 of Kano"'), {
    severity: 'ERROR',
    code: '22007',
    detail: 'Key (patient_id)=(P-4711) already exists.',
    where: 'COPY audit_log, line 1, column patient_id: "P-4711"',
  });
  const logged = JSON.stringify(loggedError(new Error('wrapped', { cause: error })));
  expect(logged).not.toContain('P-4711');
  expect(logged).toContain('22007');
  expect(logged).toContain('logger.test.ts');
});
