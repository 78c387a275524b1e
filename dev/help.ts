/** `npm run help`: what can be run here, by purpose, a line each. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SCRIPT_GROUPS } from './script-groups.ts';

const { scripts } = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '..', 'package.json'), 'utf8'),
) as { scripts: Record<string, string> };
const width = Math.max(...Object.keys(scripts).map((name) => name.length));
const lines = SCRIPT_GROUPS.flatMap(({ purpose, of }) => [
  '',
  purpose,
  ...Object.entries(of).map(([name, sentence]) => `  npm run ${name.padEnd(width)}  ${sentence}`),
]);
process.stdout.write(
  `${lines.slice(1).join('\n')}\n\nOptions come behind two dashes: npm run demo -- --help\n`,
);
