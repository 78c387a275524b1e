import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

const DATABASE_URL = 'postgres://iit@localhost/iit';

test('every faulty variable is named at once, without its value', () => {
  const load = () => loadConfig({ DATABASE_URL: 'mysql://secret', PORT: '70000', LEASE_SECONDS: 'soon' });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/DATABASE_URL[\s\S]*LEASE_SECONDS[\s\S]*PORT/u);
  expect(load).not.toThrow(/secret/u);
});

test('a missing DATABASE_URL is called required', () => {
  expect(() => loadConfig({})).toThrow('DATABASE_URL: is required');
});

test('an empty variable counts as not set', () => {
  expect(loadConfig({ DATABASE_URL, PORT: '' }).PORT).toBe(8000);
});

test.each([
  ['INFO', 'info'],
  ['Warning', 'warn'],
  ['CRITICAL', 'fatal'],
])('LOG_LEVEL=%s is taken as %s', (given, level) => {
  expect(loadConfig({ DATABASE_URL, LOG_LEVEL: given }).LOG_LEVEL).toBe(level);
});

test('QUEUE_URL wins over REDIS_HOST, and with neither the queue lives in PostgreSQL', () => {
  const redis = { DATABASE_URL, REDIS_HOST: 'cache', REDIS_PASSWORD: 'a/b' };
  expect(loadConfig(redis).QUEUE_URL).toBe('redis://:a%2Fb@cache:6379');
  expect(loadConfig({ ...redis, QUEUE_URL: 'redis://other' }).QUEUE_URL).toBe('redis://other');
  expect(loadConfig({ DATABASE_URL }).QUEUE_URL).toBe(DATABASE_URL);
});

test('the configuration cannot be changed after it was read', () => {
  expect(Object.isFrozen(loadConfig({ DATABASE_URL }))).toBe(true);
});

test('NAME_FILE gives a secret by its file, NAME itself wins, and a file that is missing is named', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iit-config-'));
  const file = path.join(folder, 'database_url');
  writeFileSync(file, `${DATABASE_URL}\n`);
  expect(loadConfig({ DATABASE_URL_FILE: file }).DATABASE_URL).toBe(DATABASE_URL);
  const both = { DATABASE_URL: 'postgres://own', DATABASE_URL_FILE: file };
  expect(loadConfig(both).DATABASE_URL).toBe('postgres://own');
  rmSync(folder, { recursive: true });
  expect(() => loadConfig({ DATABASE_URL_FILE: file })).toThrow(/DATABASE_URL_FILE: cannot be read/u);
});
