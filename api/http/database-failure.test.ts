import { expect, test } from 'vitest';
import { databaseFailure } from './database-failure.ts';

const failed = (code: string, message: string) => Object.assign(new Error(message), { code });

test.each([
  ['22021', 'invalid byte sequence for encoding "UTF8": 0x00', 'invalid_value'],
  ['22008', 'date/time field value out of range: "0000-01-01"', 'invalid_value'],
  ['22P02', 'invalid input syntax for type uuid: "secret"', 'invalid_value'],
  ['54000', 'index row size 8200 exceeds maximum', 'invalid_value'],
  ['25006', 'cannot execute INSERT in a read-only transaction', 'database_unavailable'],
  ['23514', 'no partition of relation "audit_log" found for row', 'database_unavailable'],
  ['57014', 'canceling statement due to statement timeout', 'overloaded'],
  ['08006', 'connection failure', 'database_unavailable'],
])('SQLSTATE %s (%s) is %s, in words of our own', (code, message, expected) => {
  const error = databaseFailure(failed(code, message));
  expect(error?.code).toBe(expected);
  expect(error?.message).not.toContain(message);
});

test.each([
  ['23514', 'new row for relation "jobs" violates check constraint "jobs_explain_check"'],
  ['42P01', 'relation "x" does not exist'],
])('SQLSTATE %s (%s) is a fault of ours', (code, message) => {
  expect(databaseFailure(failed(code, message))).toBeUndefined();
});
