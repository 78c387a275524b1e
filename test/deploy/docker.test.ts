import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { composeSecrets, writeComposeSecrets } from '#deploy/checks/write-secrets.ts';

const dockerfileText = readFileSync('docker/Dockerfile', 'utf8');
const instructions: Instruction[] = DockerfileParser.parse(dockerfileText).getInstructions();
const of = (keyword: string) =>
  instructions
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((i) => i.getArgumentsContent() ?? '');

type Service = {
  image?: string;
  build?: unknown;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  logging?: { options: Record<string, string> };
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
  stop_grace_period?: string;
  networks?: string[];
  secrets?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }> | string[];
  restart?: string;
  volumes?: string[];
};
type Compose = {
  services: Record<string, Service>;
  networks?: Record<string, { internal?: boolean } | null>;
  secrets?: Record<string, { file: string }>;
};
const compose = (name: string) => parse(readFileSync(`docker/${name}`, 'utf8'), { merge: true }) as Compose;
const prod = compose('compose.prod.yaml');
const dev = compose('compose.dev.yaml');

test('the Dockerfile is valid, without a warning', () => {
  expect(validate(dockerfileText)).toEqual([]);
});

test('it has two stages on a pinned base, and installs packages before it copies sources', () => {
  expect(of('FROM')).toHaveLength(2);
  expect(of('ARG')[0]).toMatch(/^NODE_IMAGE=node:24(\.\d+)*-slim/u);
  const order = instructions.map(
    (instruction) => `${instruction.getKeyword()} ${instruction.getArgumentsContent()}`,
  );
  expect(order.findIndex((line) => line.includes('npm ci'))).toBeLessThan(
    order.findIndex((line) => /COPY engine /u.test(line)),
  );
});

test('development and optional packages stay out, and no package runs a script at install', () => {
  const install = of('RUN').find((line) => line.includes('npm ci'));
  expect(install).toContain('--omit=dev');
  expect(install).toContain('--omit=optional');
  expect(install).toContain('--ignore-scripts');
});

test('it runs as a numeric user that is not root, in exec form, behind an init', () => {
  expect(of('USER').at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/u);
  expect(JSON.parse(of('ENTRYPOINT')[0] ?? '')).toEqual(['/usr/bin/tini', '--']);
  expect(JSON.parse(of('CMD')[0] ?? '')).toEqual(['node', 'api/main.ts']);
});

test('its health check needs no curl', () => {
  const check = of('HEALTHCHECK')[0] ?? '';
  expect(check).toContain('docker/healthcheck.ts');
  expect(dockerfileText).not.toMatch(/curl|wget/u);
});

test('it carries OCI labels, and nothing secret in ARG or ENV', () => {
  for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
    expect(dockerfileText).toContain(`org.opencontainers.image.${label}=`);
  }
  expect([...of('ARG'), ...of('ENV')].filter((line) => /PASS|SECRET|TOKEN|KEY|URL/iu.test(line))).toEqual([]);
});

test('every file that it copies exists, and the ignore file lets only those in', () => {
  const sources = instructions
    .filter((i) => i.getKeyword() === 'COPY' && (i as Copy).getFromFlag() === null)
    .flatMap((i) =>
      i
        .getArguments()
        .slice(0, -1)
        .map((argument) => argument.getValue()),
    );
  expect(sources.filter((source) => !existsSync(source))).toEqual([]);
  expect(readFileSync('docker/Dockerfile.dockerignore', 'utf8').split('\n')).toContain('*');
});

test('the compose files pass dclint without a warning', () => {
  const files = ['docker/compose.dev.yaml', 'docker/compose.prod.yaml'];
  const args = ['-c', 'docker/.dclintrc.yaml', '--max-warnings', '0', ...files];
  const done = spawnSync('node_modules/.bin/dclint', args, { encoding: 'utf8' });
  expect(done.status === 0 ? '' : done.stdout + done.stderr).toBe('');
});

test('images have fixed tags, and ours comes from the environment', () => {
  for (const [name, service] of [...Object.entries(prod.services), ...Object.entries(dev.services)]) {
    expect(`${name} ${service.image}`).toMatch(/:[\w.-]+$|IIT_IMAGE:\?/u);
    expect(`${name} ${service.image}`).not.toMatch(/:latest$/u);
  }
});

test('production: every container is read-only, without capabilities or new privileges, limited and rotated', () => {
  const soft = Object.entries(prod.services).filter(
    ([, s]) =>
      s.read_only !== true ||
      s.cap_drop?.join() !== 'ALL' ||
      !s.security_opt?.includes('no-new-privileges:true') ||
      s.logging?.options['max-size'] === undefined ||
      s.deploy?.resources?.limits?.cpus === undefined ||
      s.deploy.resources.limits.memory === undefined,
  );
  expect(soft.map(([name]) => name)).toEqual([]);
});

test('production: PostgreSQL and Redis publish no port and lie on a network without a way out', () => {
  for (const name of ['postgres', 'redis']) {
    expect(prod.services[name]?.ports).toBeUndefined();
    expect(prod.services[name]?.networks).toEqual(['data']);
  }
  expect(prod.networks?.['data']?.internal).toBe(true);
});

test('every published port is bound to 127.0.0.1', () => {
  const ports = [prod, dev].flatMap((file) =>
    Object.values(file.services).flatMap((service) => service.ports ?? []),
  );
  expect(ports.length).toBeGreaterThan(4);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test('production: Redis appends and never evicts', () => {
  const command = prod.services['redis']?.command?.join(' ');
  expect(command).toContain('--appendonly yes');
  expect(command).toContain('--maxmemory-policy noeviction');
});

test('production: secrets are files, and no environment holds one', () => {
  const plain = Object.values(prod.services).flatMap((service) =>
    Object.entries(service.environment ?? {}).filter(
      ([name, value]) =>
        /PASSWORD|DATABASE_URL|QUEUE_URL|SECRET|TOKEN/u.test(name) && !value.startsWith('/run/secrets/'),
    ),
  );
  expect(plain).toEqual([]);
});

test('production: every secret that a service mounts is declared, written by secrets:write, and used', async () => {
  const mounted = new Set(Object.values(prod.services).flatMap((service) => service.secrets ?? []));
  expect([...mounted].toSorted()).toEqual(Object.keys(prod.secrets ?? {}).toSorted());
  expect(Object.keys(composeSecrets()).toSorted()).toEqual([...mounted].toSorted());
  const folder = mkdtempSync(join(tmpdir(), 'iit-secrets-'));
  try {
    const first = await writeComposeSecrets(folder);
    const url = readFileSync(join(folder, 'app_database_url'), 'utf8');
    const second = await writeComposeSecrets(folder);
    expect(first.written).toHaveLength(mounted.size);
    expect(second.written).toEqual([]);
    expect(readFileSync(join(folder, 'app_database_url'), 'utf8')).toBe(url);
    expect(url).toContain(readFileSync(join(folder, 'app_database_password'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('production: migrations run once, before api and worker', () => {
  expect(prod.services['migrate']?.restart).toBe('no');
  expect(prod.services['app-login']?.depends_on).toEqual({
    migrate: { condition: 'service_completed_successfully' },
  });
  for (const name of ['api', 'worker']) {
    expect(prod.services[name]?.depends_on).toMatchObject({
      'app-login': { condition: 'service_completed_successfully' },
    });
  }
});

test('production: the time to stop is longer than the deadline of the process', () => {
  const seconds = (text = '') => Number(/^(\d+)s$/u.exec(text)?.[1]);
  for (const name of ['api', 'worker']) {
    const service = prod.services[name];
    expect(Number(service?.environment?.['SHUTDOWN_SECONDS'])).toBeLessThan(
      seconds(service?.stop_grace_period),
    );
  }
});

test('every file that a container mounts from the repository exists', () => {
  const mounts = [prod, dev].flatMap((file) =>
    Object.values(file.services).flatMap((service) => service.volumes ?? []),
  );
  const missing = mounts
    .map((mount) => mount.split(':')[0] ?? '')
    .filter((source) => source.startsWith('..') && !existsSync(join('docker', source)));
  expect(missing).toEqual([]);
});

test('every command names a file that exists', () => {
  const named = [prod, dev].flatMap((file) =>
    Object.values(file.services).flatMap(({ command }) =>
      command?.[0] === 'node' ? [command[1] ?? ''] : [],
    ),
  );
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

test('every variable of the production file is in .env.example or has a default', () => {
  const example = readFileSync('docker/.env.example', 'utf8');
  const used = [...readFileSync('docker/compose.prod.yaml', 'utf8').matchAll(/\$\{(\w+)/gu)].map(
    (match) => match[1],
  );
  expect(used.filter((name) => !new RegExp(`^${name}=`, 'mu').test(example))).toEqual([]);
});
