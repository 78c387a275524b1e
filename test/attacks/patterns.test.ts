import { glob, readFile } from 'node:fs/promises';
import { checkSync } from 'recheck';
import { parseAst } from 'rolldown/parseAst';
import { expect, test } from 'vitest';

type Pattern = { file: string; source: string; flags: string };

/** Patterns that are not linear and may be: what they are given is the operator's, or cut first. */
const NOT_LINEAR: Readonly<Record<string, string>> = {
  '\\/+$': 'OTEL_EXPORTER_OTLP_ENDPOINT, the operator’s own setting',
  '(?:^|,)\\s*wait\\s*=\\s*"?(\\d{1,9})"?\\s*(?=$|[,;])': 'a header cut to 200 characters',
};

async function patternsOf(file: string): Promise<Pattern[]> {
  const found: Pattern[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { regex } = node as { regex?: { pattern: string; flags: string } };
    if (regex !== undefined) found.push({ file, source: regex.pattern, flags: regex.flags });
    for (const child of Object.values(node)) walk(child);
  };
  walk(parseAst(await readFile(file, 'utf8'), { lang: 'ts' }));
  return found;
}

/** What repeats nothing without end takes no more time than its own length allows. */
function isBounded(source: string): boolean {
  const bare = source.replaceAll(/\\./gu, 'x').replaceAll(/\[[^\]]*\]/gu, 'x');
  return !/[*+]|\{\d+,\}/u.test(bare);
}

test.each([
  ['a{1,3}b?', true],
  ['[*+]x\\+', true],
  ['(a+)+$', false],
  ['[a-z]{2,}', false],
  ['\\s*$', false],
])('%s repeats within bounds: %s', (source, expected) => {
  expect(isBounded(source)).toBe(expected);
});

test(
  'every pattern of the service takes time in proportion to its text, or is given little',
  { timeout: 120_000 },
  async () => {
    const files: string[] = [];
    for await (const file of glob('{api,patients,shared,workers,engine}/**/*.ts')) {
      if (!file.endsWith('.test.ts') && !file.startsWith('engine/kernels/')) files.push(file);
    }
    const patterns = (await Promise.all(files.map(patternsOf))).flat();
    expect(patterns.length).toBeGreaterThan(50);
    const unsafe = patterns.filter(({ source, flags }) => {
      if (isBounded(source)) return false;
      if (NOT_LINEAR[source] !== undefined) return false;
      // `unknown` is a back reference or a lookahead, which the automaton does not judge.
      return checkSync(source, flags, { checker: 'automaton', timeout: 10_000 }).status === 'vulnerable';
    });
    expect(unsafe.map(({ file, source, flags }) => `${file}: /${source}/${flags}`)).toEqual([]);
  },
);
