import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { CLEARED } from '#cli/retention/clear-old.ts';
import { INSIDE_PATHS, PUBLIC_PATHS } from '#deploy/checks/public-paths.ts';
import { composeSecrets } from '#deploy/checks/write-secrets.ts';
import { environment, loadConfig } from '#shared/config/config.ts';
import { openSinks } from '#shared/ledger/checkpoint-sinks.ts';
import { createLogger } from '#shared/log/logger.ts';
import {
  type Compose,
  DEV,
  mebibytes,
  PROD,
  readCompose,
  seconds,
  type Service,
  variables,
} from './compose-files.ts';
import { beside, ruleBook, type Tree } from './rule.ts';

/** Cores of the smallest machine that the production file is for. */
const SMALLEST_CORES = 2;
/** What the shipped Dockerfile's user may write to. */
const WRITABLE = new Set(['/backups', '/checkpoints', '/tmp']);

export type ComposeFiles = { tree: Tree; prod: Compose; dev: Compose };

export function readComposeFiles(tree: Tree): ComposeFiles {
  return { tree, prod: readCompose(tree, PROD), dev: readCompose(tree, DEV) };
}

const { rules, rule } = ruleBook<ComposeFiles>();
export const composeRules = rules;

const services = (...files: Compose[]): [string, Service][] =>
  files.flatMap((file) => Object.entries(file.services));
/** Those that run our own image. */
const own = (file: Compose) =>
  Object.entries(file.services).filter(([, service]) => service.image?.startsWith('iit-ml-service:'));
const script = (service: Service) =>
  [...(service.entrypoint ?? []), ...(service.command ?? [])].find((word) => word.endsWith('.ts'));

rule('images have fixed tags', ({ prod, dev }) => {
  for (const [name, service] of services(prod, dev)) {
    expect(`${name} ${service.image}`).toMatch(/:[\w.-]+$/u);
    expect(`${name} ${service.image}`).not.toMatch(/:latest$/u);
  }
});

rule('production takes our image from the environment and has no default for it', ({ tree }) => {
  expect(tree.read(PROD).match(/image: \$\{IIT_IMAGE:\?/gu)).toHaveLength(2);
});

rule('the data stores of both files are of one release', ({ prod, dev }) => {
  for (const name of ['postgres', 'redis', 'prometheus', 'grafana']) {
    expect(prod.services[name]?.image).toBe(dev.services[name]?.image);
  }
});

rule(
  'production: every container is read-only, without capabilities or new privileges, limited and rotated',
  ({ prod }) => {
    const soft = Object.entries(prod.services).filter(
      ([, s]) =>
        s.read_only !== true ||
        s.cap_drop?.join() !== 'ALL' ||
        !s.security_opt?.includes('no-new-privileges:true') ||
        (s.logging?.driver !== 'none' && s.logging?.options?.['max-size'] === undefined) ||
        s.deploy?.resources?.limits?.cpus === undefined ||
        !(mebibytes(s.deploy.resources.limits.memory) > 0),
    );
    expect(soft.map(([name]) => name)).toEqual([]);
  },
);

rule('production: only the proxy keeps a capability, to bind the ports below 1024', ({ prod }) => {
  const kept = Object.entries(prod.services).filter(([, service]) => service.cap_add !== undefined);
  expect(kept.map(([name, service]) => [name, service.cap_add])).toEqual([['proxy', ['NET_BIND_SERVICE']]]);
});

rule('production: no container asks for more processors than the smallest machine has', ({ prod }) => {
  const greedy = Object.entries(prod.services).filter(
    ([, service]) => !(Number(service.deploy?.resources?.limits?.cpus) <= SMALLEST_CORES),
  );
  expect(greedy.map(([name]) => name)).toEqual([]);
});

rule("Node's heap is limited to between a third and four fifths of the container's memory", ({ prod }) => {
  const shares = own(prod).map(([name, service]) => {
    const heap = Number(
      /--max-old-space-size=(\d+)/u.exec(String(service.environment?.['NODE_OPTIONS'] ?? ''))?.[1],
    );
    return { name, share: heap / mebibytes(service.deploy?.resources?.limits?.memory) };
  });
  expect(shares.length).toBeGreaterThanOrEqual(8);
  expect(shares.filter(({ share }) => !(share > 1 / 3 && share <= 0.8))).toEqual([]);
});

rule(
  'production: PostgreSQL and Redis publish no port and lie on a network without a way out',
  ({ prod }) => {
    for (const name of ['postgres', 'redis']) {
      expect(prod.services[name]?.ports).toBeUndefined();
      expect(prod.services[name]?.networks).toEqual(['data']);
    }
    expect(prod.networks?.['data']?.internal).toBe(true);
  },
);

rule('production: the proxy reaches no data store, and is alone in publishing to the outside', ({ prod }) => {
  expect(prod.services['proxy']?.networks).toEqual(['front']);
  const published = Object.entries(prod.services).filter(([, service]) => service.ports !== undefined);
  expect(published.map(([name]) => name).toSorted()).toEqual(['grafana', 'proxy']);
});

rule('every port is published on 127.0.0.1, as long as nobody sets IIT_BIND', ({ prod, dev }) => {
  const ports = services(prod, dev).flatMap(([, service]) => service.ports ?? []);
  expect(ports.length).toBeGreaterThan(6);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

rule('published ports lead to the port that the process listens on', ({ prod, dev }) => {
  const inside = (service: Service | undefined) => service?.ports?.map((port) => Number(port.split(':')[2]));
  expect(inside(dev.services['api'])).toEqual([config(dev.services['api']).PORT]);
  expect(inside(prod.services['proxy'])).toEqual([80, 443]);
  expect(inside(dev.services['postgres'])).toEqual([5432]);
  expect(inside(dev.services['redis'])).toEqual([6379]);
});

rule('Redis appends and never evicts', ({ prod, dev }) => {
  for (const file of [prod, dev]) {
    const command = file.services['redis']?.command?.join(' ');
    expect(command).toMatch(/--appendonly yes/u);
    expect(command).toMatch(/--maxmemory-policy noeviction/u);
  }
  const maxMemory = /--maxmemory (\d+)mb/u.exec(prod.services['redis']?.command?.join(' ') ?? '');
  expect(Number(maxMemory?.[1])).toBeLessThan(
    0.8 * mebibytes(prod.services['redis']?.deploy?.resources?.limits?.memory),
  );
});

rule('PostgreSQL never logs the parameters of a statement, and keeps its commits', ({ prod }) => {
  const command = prod.services['postgres']?.command?.join(' ') ?? '';
  expect(command).toContain('log_parameter_max_length=0');
  expect(command).toContain('log_parameter_max_length_on_error=0');
  expect(command).not.toMatch(/(?:synchronous_commit|fsync)=off/u);
});

rule('production: secrets are files, and no environment holds one', ({ prod }) => {
  const plain = Object.values(prod.services).flatMap((service) =>
    Object.entries(service.environment ?? {}).filter(
      ([name, value]) =>
        /PASSWORD|DATABASE_URL|QUEUE_URL|SECRET|TOKEN|CREDENTIALS|_KEY/u.test(name) &&
        !String(value).startsWith('/run/secrets/'),
    ),
  );
  expect(plain).toEqual([]);
});

rule('production: a file of a secret is mounted in the container that reads it', ({ prod }) => {
  const unmounted = Object.entries(prod.services).flatMap(([name, service]) => {
    const text = JSON.stringify([service.environment, service.command, service.healthcheck]);
    const read = [...text.matchAll(/\/run\/secrets\/(\w+)/gu)].map((match) => match[1] ?? '');
    return read.filter((secret) => !service.secrets?.includes(secret)).map((secret) => `${name} ${secret}`);
  });
  // Migrate, retention and keys share one environment with app-login.
  expect(
    unmounted.filter((entry) => !/^(backup|restore) (queue_url|app_database_password)$/u.test(entry)),
  ).toEqual([]);
});

rule(
  'production: every secret that a service mounts is declared, and written by secrets:write',
  ({ prod }) => {
    const mounted = new Set(Object.values(prod.services).flatMap((service) => service.secrets ?? []));
    expect([...mounted].toSorted()).toEqual(Object.keys(prod.secrets ?? {}).toSorted());
    expect(Object.keys(composeSecrets()).toSorted()).toEqual([...mounted].toSorted());
  },
);

rule("production: the addresses in the secrets are the services' names and ports", ({ prod }) => {
  const secrets = composeSecrets();
  for (const url of [secrets.owner_database_url, secrets.app_database_url, secrets.queue_url]) {
    const { hostname, port } = new URL(url);
    expect(prod.services[hostname]?.image).toMatch(port === '6379' ? /^redis:/u : /^postgres:/u);
    expect(['5432', '6379']).toContain(port);
  }
  expect(prod.services['postgres']?.environment).toMatchObject({
    POSTGRES_USER: new URL(secrets.owner_database_url).username,
    POSTGRES_DB: new URL(secrets.owner_database_url).pathname.slice(1),
  });
});

rule('the owner’s secrets are with what needs them, and never with api or worker', ({ prod }) => {
  const owners = Object.entries(prod.services)
    .filter(([, service]) => service.secrets?.includes('owner_database_url'))
    .map(([name]) => name);
  expect(owners.toSorted()).toEqual([
    'app-login',
    'backup',
    'keys',
    'migrate',
    'restore',
    'retention',
    'verify',
  ]);
});

rule('production: workers sign the log, and nobody else has the key', ({ prod }) => {
  const signers = Object.entries(prod.services)
    .filter(([, service]) => service.secrets?.includes('checkpoint_key'))
    .map(([name]) => name);
  expect(signers).toEqual(['worker']);
});

rule(
  'workers sign the log by a name of its own, and keep its checkpoints outside the database',
  ({ prod, dev }) => {
    for (const file of [prod, dev]) {
      const worker = file.services['worker'];
      expect(worker?.environment?.['CHECKPOINT_KEY_FILE']).toMatch(/^\/(?:run\/secrets|checkpoints)\//u);
      const { CHECKPOINT_ORIGIN, CHECKPOINT_SINKS } = config(worker);
      expect(CHECKPOINT_ORIGIN).not.toBe(config(undefined).CHECKPOINT_ORIGIN);
      const kept = openSinks(CHECKPOINT_SINKS, createLogger('test', 'silent')).filter(
        ({ uri }) => uri !== 'log:',
      );
      expect(kept.length).toBeGreaterThan(0);
      const folders = kept.flatMap(({ uri }) => (uri.startsWith('file:') ? [fileURLToPath(uri)] : []));
      const mounted = (worker?.volumes ?? []).map((mount) => mount.split(':')[1] ?? '');
      expect(folders.filter((folder) => !mounted.includes(folder))).toEqual([]);
    }
  },
);

rule('who verifies the log reads checkpoints and writes none', ({ prod }) => {
  expect(prod.services['verify']?.volumes).toEqual(['checkpoints:/checkpoints:ro']);
});

rule('development: a key is made before the worker reads it', ({ dev }) => {
  const { depends_on: waits } = dev.services['worker'] ?? {};
  expect(waits).toMatchObject({ 'checkpoint-key': { condition: 'service_completed_successfully' } });
  const made = dev.services['checkpoint-key']?.command?.at(-1);
  expect(dev.services['worker']?.environment?.['CHECKPOINT_KEY_FILE']).toBe(made);
});

rule('what a key’s maker prints is logged nowhere', ({ prod }) => {
  expect(prod.services['keys']?.logging).toEqual({ driver: 'none' });
});

rule('production: migrations run once, before api and worker', ({ prod }) => {
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

rule(
  'every dependency is a service of the same file, and a healthy one has a health check',
  ({ prod, dev }) => {
    for (const file of [prod, dev]) {
      for (const [name, service] of Object.entries(file.services)) {
        const wanted = Array.isArray(service.depends_on)
          ? service.depends_on.map((other) => [other, ''] as const)
          : Object.entries(service.depends_on ?? {}).map(
              ([other, { condition }]) => [other, condition] as const,
            );
        for (const [other, condition] of wanted) {
          const target = file.services[other];
          expect(target, `${name} waits for ${other}`).toBeDefined();
          const checked = target?.healthcheck !== undefined || target?.image?.startsWith('iit-ml-service:');
          if (condition === 'service_healthy') expect(checked, `${other} has a health check`).toBe(true);
        }
      }
    }
  },
);

rule('production: the time to stop is longer than the deadline of the process', ({ prod }) => {
  for (const name of ['api', 'worker']) {
    const service = prod.services[name];
    expect(config(service).SHUTDOWN_SECONDS).toBeLessThan(seconds(service?.stop_grace_period));
  }
  expect(config(prod.services['worker']).SHUTDOWN_SECONDS).toBeGreaterThanOrEqual(60);
});

rule('every value in the environment of our containers is one that the service takes', ({ prod, dev }) => {
  for (const [, service] of [...own(prod), ...own(dev)]) expect(() => config(service)).not.toThrow();
});

rule('every variable in the environment of our containers is one that something reads', ({ prod, dev }) => {
  const known = new Set(Object.keys(environment.shape));
  const others =
    /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|APP_DATABASE_(USER|PASSWORD)|BACKUP_(URI|NAME|RENEW_DAYS)|(PREDICTION|AUDIT|INPUT|REJECTION|SHADOW|OUTCOME)_MONTHS|AWS_\w+)$/u;
  const strange = [...own(prod), ...own(dev)].flatMap(([name, service]) =>
    Object.keys(service.environment ?? {})
      .map((key) => key.replace(/_FILE$/u, ''))
      .filter((key) => !known.has(key) && !others.test(key) && key !== 'AWS_SHARED_CREDENTIALS')
      .map((key) => `${name} ${key}`),
  );
  expect(strange).toEqual([]);
});

rule('health checks ask the port that the process listens on', ({ prod, dev }) => {
  for (const file of [prod, dev]) {
    const worker = file.services['worker'];
    const url = new URL(worker?.healthcheck?.test.at(-1) ?? '');
    expect(Number(url.port)).toBe(config(worker).WORKER_PORT);
    expect(url.pathname).toBe('/health/live');
    expect(seconds(worker?.healthcheck?.start_period)).toBeGreaterThanOrEqual(60);
  }
});

rule('every file that a container mounts from the repository exists', ({ prod, dev, tree }) => {
  const mounts = (file: Compose, at: string) =>
    services(file).flatMap(([, service]) =>
      (service.volumes ?? [])
        .map((mount) => mount.split(':')[0] ?? '')
        .filter((source) => source.startsWith('.'))
        .map((source) => beside(at, source)),
    );
  const wanted = [...mounts(prod, PROD), ...mounts(dev, DEV)];
  expect(wanted.length).toBeGreaterThan(8);
  expect(wanted.filter((source) => !tree.exists(source))).toEqual([]);
});

rule('mounts of the repository’s files are read-only', ({ prod, dev }) => {
  const soft = services(prod, dev).flatMap(([, service]) =>
    (service.volumes ?? []).filter((mount) => mount.startsWith('.') && !mount.endsWith(':ro')),
  );
  expect(soft).toEqual([]);
});

rule('every volume is declared, and our user may write to those that it is given', ({ prod, dev }) => {
  for (const file of [prod, dev]) {
    for (const [name, service] of Object.entries(file.services)) {
      for (const mount of service.volumes ?? []) {
        const [source = '', target = '', mode] = mount.split(':');
        if (source.startsWith('.')) continue;
        expect(Object.keys(file.volumes ?? {}), `${name}: ${source}`).toContain(source);
        if (own(file).some(([other]) => other === name) && mode !== 'ro') expect(WRITABLE).toContain(target);
      }
    }
  }
});

rule('every command of ours names a file that exists', ({ prod, dev, tree }) => {
  const named = [...own(prod), ...own(dev)].map(([, service]) => script(service));
  expect(named.filter((file) => file === undefined || !tree.exists(file))).toEqual([]);
});

rule('api, worker, migrations, backup, restore and retention are there', ({ prod }) => {
  const wanted = {
    api: 'api/main.ts',
    worker: 'workers/main.ts',
    migrate: 'cli/migrate.ts',
    backup: 'cli/backup.ts',
    restore: 'cli/restore.ts',
    retention: 'cli/retention.ts',
    keys: 'cli/keys.ts',
    verify: 'cli/audit-verify.ts',
  };
  for (const [name, file] of Object.entries(wanted)) {
    const service = prod.services[name];
    expect(service === undefined ? '' : script(service)).toBe(file);
  }
});

rule('production: backup and restore have one store, and retention has its months', ({ prod }) => {
  const uri = (name: string) => prod.services[name]?.environment?.['BACKUP_URI'];
  expect(uri('backup')).toBe('file:///backups');
  expect(uri('restore')).toBe(uri('backup'));
  for (const name of ['backup', 'restore']) {
    expect(prod.services[name]?.volumes?.some((mount) => mount.startsWith('backups:/backups'))).toBe(true);
    expect(Object.keys(prod.services[name]?.environment ?? {})).toContain('AWS_ENDPOINT_URL');
  }
  expect(Object.keys(prod.services['retention']?.environment ?? {})).toEqual(
    expect.arrayContaining(['AUDIT_MONTHS', ...CLEARED.map(({ variable }) => variable)]),
  );
});

rule('every variable of the files is in .env.example, and every line there is used', ({ tree }) => {
  const example = Object.keys(variables(tree.read('.env.example')));
  const used = [PROD, DEV].flatMap((file) =>
    [...tree.read(file).matchAll(/\$\{(\w+)/gu)].map((m) => m[1] ?? ''),
  );
  const chosenByHand = new Set(['BACKUP_NAME']);
  expect([...new Set(used)].filter((name) => !chosenByHand.has(name) && !example.includes(name))).toEqual([]);
  expect(example.filter((name) => !used.includes(name))).toEqual([]);
});

type Scrape = {
  scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[];
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
};

rule('Prometheus scrapes services that are there, on the port that they listen on', ({ prod, dev, tree }) => {
  const { scrape_configs, alerting } = parse(tree.read('monitoring/prometheus.yml')) as Scrape;
  for (const [job, file] of [
    ['iit-api', prod],
    ['iit-worker', prod],
    ['iit-api', dev],
    ['iit-worker', dev],
  ] as const) {
    const target = scrape_configs.find((entry) => entry.job_name === job)?.dns_sd_configs?.[0];
    const service = file.services[target?.names[0] ?? ''];
    expect(service, `${job} is a service`).toBeDefined();
    const { PORT, WORKER_PORT } = config(service);
    expect(target?.port).toBe(job === 'iit-api' ? PORT : WORKER_PORT);
    expect(service === undefined ? '' : script(service)).toBe(
      job === 'iit-api' ? 'api/main.ts' : 'workers/main.ts',
    );
  }
  const [receiver = ''] = alerting.alertmanagers[0]?.static_configs[0]?.targets ?? [];
  const [host = '', port] = receiver.split(':');
  expect(prod.services[host]?.image).toMatch(/alertmanager/u);
  expect(port).toBe('9093');
});

rule('Prometheus shares a network with what it scrapes and with Alertmanager', ({ prod }) => {
  const networks = (name: string) => prod.services[name]?.networks ?? [];
  for (const name of ['api', 'worker', 'alertmanager']) {
    expect(
      networks(name).some((network) => networks('prometheus').includes(network)),
      name,
    ).toBe(true);
  }
  expect(networks('grafana').some((network) => networks('prometheus').includes(network))).toBe(true);
  expect(networks('proxy').some((network) => networks('api').includes(network))).toBe(true);
});

rule('the proxy lets in what is for the outside and nothing else', ({ tree }) => {
  const text = tree.read('docker/Caddyfile');
  const [, list = ''] = /@outside path ([^\n]+)/u.exec(text) ?? [];
  const paths = PUBLIC_PATHS.flatMap((path) => (path.endsWith('/*') ? [path.slice(0, -2), path] : [path]));
  expect(list.trim().split(/\s+/u).toSorted()).toEqual(paths.toSorted());
  for (const inside of INSIDE_PATHS) expect(list).not.toContain(inside);
  expect(text).toMatch(/handle \{\s*respond 404\s*\}/u);
});

rule('the proxy speaks TLS and balances over every replica of the api', ({ tree, prod }) => {
  const text = tree.read('docker/Caddyfile');
  expect(text).toMatch(/tls \{\$IIT_TLS:internal\}/u);
  expect(text).not.toMatch(/auto_https off|^\s*http:\/\//mu);
  const [, name = ''] = /name (\S+)/u.exec(text) ?? [];
  const [, port = ''] = /port (\d+)/u.exec(text) ?? [];
  expect(prod.services[name]).toBe(prod.services['api']);
  expect(Number(port)).toBe(config(prod.services['api']).PORT);
  expect(Number(prod.services['api']?.deploy?.replicas)).toBeGreaterThanOrEqual(2);
});

/** What the service makes of a container's environment; files of secrets are not there, and stand for a good value. */
function config(service: Service | undefined) {
  const given = Object.fromEntries(
    Object.entries(service?.environment ?? {})
      .filter(([name]) => !name.endsWith('_FILE'))
      .map(([name, value]) => [name, String(value)]),
  );
  return loadConfig({ DATABASE_URL: 'postgres://nobody@postgres:5432/iit', ...given });
}
