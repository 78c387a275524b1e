import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { SCRIPT_GROUPS } from './script-groups.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

test('every script is explained once, and none that is not there', () => {
  const told = SCRIPT_GROUPS.flatMap(({ of }) => Object.keys(of));
  expect(told.toSorted()).toEqual(Object.keys(scripts).toSorted());
});

test('help fits a terminal and names each script as it is run', () => {
  const help = execFileSync(process.execPath, [path.join(ROOT, 'dev/help.ts')], { encoding: 'utf8' });
  for (const name of Object.keys(scripts)) expect(help).toMatch(new RegExp(`^  npm run ${name} `, 'mu'));
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
});
