import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const PAGES = [
  'docs/glossary.md',
  'docs/architecture.md',
  'CONTRIBUTING.md',
  'docs/guide-map.md',
  'docs/deployment.md',
  'docs/capacity.md',
  'docs/disaster-recovery.md',
  'docker/ca/README.md',
];
const RUNBOOKS = readdirSync('docs/runbooks').map((name) => `docs/runbooks/${name}`);
const text = (file: string) => readFileSync(file, 'utf8');
const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };

/** Commands in fenced blocks of a kind, continued lines joined. */
function commands(file: string, info: string): string[] {
  return [...text(file).matchAll(/^```(.*)\n([\s\S]*?)^```/gmu)]
    .filter((match) => match[1] === info)
    .flatMap((match) => (match[2] ?? '').replaceAll('\\\n', ' ').trim().split('\n'));
}

/** What a test or check:deploy runs, by the words that a command begins with, and who runs it. */
const RUN_BY_US: [RegExp, string][] = [
  [/^npm ci$/u, 'test/deploy/image.int.test.ts, .ci/run'],
  [/^npm run demo -- --once/u, '.ci/run'],
  [/^npm run secrets:write$/u, 'test/deploy/docker.test.ts'],
  [/^npm run check:deploy$/u, 'itself'],
  [/^npm run drill:restore$/u, 'deploy/checks/check.ts'],
  [/^kubectl kustomize k8s\/overlays\/(dev|prod|keda|gateway)$/u, 'test/deploy/manifests.ts'],
];

test.each(PAGES)('%s: each command is run by a test, or is marked as needing a cloud', (file) => {
  const unmarked = [...text(file).matchAll(/^```(.*)$/gmu)]
    .map((match) => match[1])
    .filter((info) => info !== '' && info !== 'sh' && info !== 'sh cloud' && info !== 'sql');
  expect(unmarked).toEqual([]);
  expect(commands(file, 'sh').filter((line) => !RUN_BY_US.some(([known]) => known.test(line)))).toEqual([]);
});

test.each([...PAGES, ...RUNBOOKS])('%s: every npm script that it names exists', (file) => {
  const named = [...text(file).matchAll(/npm run ([\w:-]+)/gu)].map((match) => match[1] ?? '');
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test.each([...PAGES, ...RUNBOOKS])('%s: every file that it names exists', (file) => {
  const named = [
    ...text(file).matchAll(
      /(?<![\w./-])((?:docs|k8s|terraform|docker|monitoring|cli|shared|bench|api|workers)\/[\w./-]*\w)/gu,
    ),
  ].map((match) => match[1] ?? '');
  // Made by an operator; or the guide's own names, which the map sets against ours.
  const made =
    /^(docker\/(secrets\/aws_credentials|ca\/rds-global-bundle\.pem)|k8s\/(namespace|configmap|secret|deployment|service|ingress|hpa|pvc)\.yaml)$/u;
  expect(named.filter((name) => !made.test(name) && !existsSync(name))).toEqual([]);
});

test.each([...PAGES, ...RUNBOOKS])('%s: every link leads to a file', (file) => {
  const links = [...text(file).matchAll(/\]\((?!https?:)([^)#]+)/gu)].map((match) => match[1] ?? '');
  expect(links.filter((link) => !existsSync(join(dirname(file), link)))).toEqual([]);
});

test('the deployment guide has the sections of the guide', () => {
  const headings = [...text('docs/deployment.md').matchAll(/^## (.+)$/gmu)].map((match) => match[1]);
  for (const heading of [
    'Prerequisites',
    'Local',
    'Docker',
    'AWS',
    'Kubernetes',
    'Checklist',
    'Monitoring',
    'Scaling',
    'Troubleshooting',
    'Rolling updates',
    'Backup',
  ]) {
    expect(headings).toContain(heading);
  }
});

test('the map of the guide has its 114 rows, each with something of ours and a check', () => {
  const rows = [...text('docs/guide-map.md').matchAll(/^\| (\d+) \| (.+) \| (.+) \| (.+) \|$/gmu)];
  expect(rows.map((row) => Number(row[1]))).toEqual(Array.from({ length: 114 }, (_, index) => index + 1));
  expect(
    rows.filter((row) => row.slice(2).some((cell) => /^\s*$|missing/u.test(cell))).map((row) => row[1]),
  ).toEqual([]);
});

test('the map names no test that is not there', () => {
  const named = [...text('docs/guide-map.md').matchAll(/(?:[\w/-]+\.)+(?:test|int)(?:\.ts)?\b/gu)].map(
    (match) => match[0],
  );
  const all = ['api', 'cli', 'shared', 'test'].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => `${room}/${name}`),
  );
  const known = (name: string) => all.some((file) => file.includes(name.replace(/\.ts$/u, '')));
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !known(name))).toEqual([]);
});
