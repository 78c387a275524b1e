import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { expect } from 'vitest';
import { ruleBook, type Tree } from './rule.ts';

const DOCKERFILE = 'Dockerfile';

/** The process's user in the image; the volumes that it writes to belong to it. */
const IMAGE_USER = '10001:10001';

export type Image = {
  tree: Tree;
  text: string;
  instructions: Instruction[];
  /** Contents of every instruction of a keyword, in order. */
  of: (keyword: string) => string[];
};

export function readImage(tree: Tree): Image {
  const text = tree.read(DOCKERFILE);
  const instructions = DockerfileParser.parse(text).getInstructions();
  return {
    tree,
    text,
    instructions,
    of: (keyword) =>
      instructions
        .filter((instruction) => instruction.getKeyword() === keyword)
        .map((instruction) => instruction.getArgumentsContent() ?? ''),
  };
}

const { rules, rule } = ruleBook<Image>();
export const dockerRules = rules;

rule('the Dockerfile is valid, without a warning', ({ text }) => {
  expect(validate(text)).toEqual([]);
});

rule(
  'it has two stages on a pinned base, and installs packages before it copies sources',
  ({ of, instructions }) => {
    expect(of('FROM')).toHaveLength(2);
    expect(of('ARG')[0]).toMatch(/^NODE_IMAGE=node:24(\.\d+)*-slim/u);
    const order = instructions.map(
      (instruction) => `${instruction.getKeyword()} ${instruction.getArgumentsContent()}`,
    );
    expect(order.findIndex((line) => line.includes('npm ci'))).toBeLessThan(
      order.findIndex((line) => /COPY engine \./u.test(line)),
    );
  },
);

rule('development and optional packages stay out, and no package runs a script at install', ({ of }) => {
  const install = of('RUN').find((line) => line.includes('npm ci'));
  expect(install).toContain('--omit=dev');
  expect(install).toContain('--omit=optional');
  expect(install).toContain('--ignore-scripts');
});

rule('it runs as a numeric user that is not root, in exec form, behind an init', ({ of }) => {
  expect(of('USER')).toEqual([IMAGE_USER]);
  expect(JSON.parse(of('ENTRYPOINT')[0] ?? '')).toEqual(['/usr/bin/tini', '--']);
  expect(JSON.parse(of('CMD')[0] ?? '')).toEqual(['node', 'api/main.ts']);
});

rule('the init that it starts is installed', ({ of }) => {
  expect(of('RUN').join('\n')).toMatch(/apt-get install .*\btini\b/su);
});

rule('the folders of backups and checkpoints belong to the user, before the user is taken on', ({ of }) => {
  const [uid = '', gid = ''] = IMAGE_USER.split(':');
  for (const folder of ['/backups', '/checkpoints']) {
    expect(of('RUN').join('\n')).toMatch(new RegExp(`install -d -o ${uid} -g ${gid} ${folder}\\b`, 'u'));
  }
});

rule(
  'its health check needs no curl, asks the port that it exposes, and gives a slow start time',
  ({ of, text, tree }) => {
    const check = of('HEALTHCHECK')[0] ?? '';
    const [, script = '', url = ''] = JSON.parse(check.slice(check.indexOf('['))) as string[];
    expect(tree.exists(script)).toBe(true);
    expect(new URL(url).pathname).toBe('/health/live');
    expect(of('EXPOSE').join(' ').split(' ')).toContain(new URL(url).port);
    expect(Number(/--start-period=(\d+)s/u.exec(text)?.[1])).toBeGreaterThanOrEqual(60);
    expect(text).not.toMatch(/curl|wget/u);
  },
);

rule('it carries OCI labels, and nothing secret in ARG or ENV', ({ of, text }) => {
  for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
    expect(text).toContain(`org.opencontainers.image.${label}=`);
  }
  expect([...of('ARG'), ...of('ENV')].filter((line) => /PASS|SECRET|TOKEN|KEY|URL/iu.test(line))).toEqual([]);
});

/** What COPY takes from the context, and where it puts it. */
function copies(instructions: Instruction[]): { sources: string[]; target: string }[] {
  return instructions
    .filter((i) => i.getKeyword() === 'COPY' && (i as Copy).getFromFlag() === null)
    .map((i) => i.getArguments().map((argument) => argument.getValue()))
    .map((values) => ({ sources: values.slice(0, -1), target: values.at(-1) ?? '' }));
}

rule(
  'every file that it copies exists, and the ignore file lets those in and nothing else',
  ({ instructions, tree }) => {
    const copied = copies(instructions).flatMap((copy) => copy.sources);
    expect(copied.filter((source) => !tree.exists(source))).toEqual([]);
    const sources = copied.filter((source) => !copied.some((other) => source.startsWith(`${other}/`)));
    const lines = tree.read('.dockerignore').split('\n');
    expect(lines[lines.findIndex((line) => line !== '' && !line.startsWith('#'))]).toBe('*');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(allowed.toSorted()).toEqual([...new Set(sources)].toSorted());
  },
);

rule('tests, training code and documents stay out of the context', ({ tree }) => {
  const lines = tree.read('.dockerignore').split('\n');
  for (const line of ['models/training', 'models/synthetic', 'models/docs', '**/*.test.ts', '**/*.md']) {
    expect(lines).toContain(line);
  }
});

rule('every room of the repository that the service imports is in the image', ({ instructions, tree }) => {
  const { imports } = JSON.parse(tree.read('package.json')) as { imports: Record<string, string> };
  const copied = new Set(copies(instructions).flatMap((copy) => copy.sources));
  const development = new Set(['test', 'dev', 'deploy']);
  const rooms = Object.keys(imports).map((name) => name.slice(1, name.indexOf('/')));
  expect(rooms.filter((room) => !development.has(room) && !copied.has(room))).toEqual([]);
});
