import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { CLEARED } from '#cli/retention/clear-old.ts';
import { INSIDE_PATHS, PUBLIC_PATHS } from '#deploy/checks/public-paths.ts';
import { environment, loadConfig } from '#shared/config/config.ts';
import { openSinks } from '#shared/ledger/checkpoint-sinks.ts';
import { createLogger } from '#shared/log/logger.ts';
import {
  bytes,
  containers,
  workloads,
  type Container,
  type Manifest,
  type Overlay,
  type Workload,
} from '../manifests.ts';
import { allows, type Party } from './network-policies.ts';
import { ruleBook, type Tree } from './rule.ts';

const RECOMMENDED_LABELS = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/version',
  'app.kubernetes.io/component',
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/managed-by',
];

/** What an overlay renders to, and ways to find something in it. */
export type Rendered = {
  overlay: Overlay;
  tree: Tree;
  all: Manifest[];
  pods: Workload[];
  own: Workload[];
  running: Workload[];
  ofKind: (kind: string) => Manifest[];
  named: (kind: string, name: string) => Manifest | undefined;
};

export function readOverlay(overlay: Overlay, text: string, tree: Tree): Rendered {
  const all = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const pods = workloads(all);
  const own = pods.filter((workload) => workload.labels['app.kubernetes.io/name'] === 'iit-ml-service');
  return {
    overlay,
    tree,
    all,
    pods,
    own,
    running: own.filter((workload) => workload.manifest.kind === 'Deployment'),
    ofKind: (kind) => all.filter((manifest) => manifest.kind === kind),
    named: (kind, name) => all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name),
  };
}

const collect = (broken: (workload: Workload) => boolean, all: Workload[]) =>
  all.filter(broken).map((workload) => workload.name);

const { rules, rule } = ruleBook<Rendered>();
export const kubernetesRules = rules;

rule('the namespace enforces the restricted pod security standard at a pinned version', ({ ofKind }) => {
  const labels = ofKind('Namespace')[0]?.metadata.labels ?? {};
  expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(labels['pod-security.kubernetes.io/enforce-version']).toMatch(/^v1\.\d+$/u);
});

rule('everything lies in one namespace', ({ all }) => {
  const strays = all.filter((m) => m.kind !== 'Namespace' && m.metadata.namespace !== 'iit-ml-service');
  expect(strays).toEqual([]);
});

rule('the recommended labels are on every object and on every pod', ({ all, pods }) => {
  const bare = all.filter((m) =>
    RECOMMENDED_LABELS.some((label) => m.metadata.labels?.[label] === undefined),
  );
  expect(
    bare.filter((m) => m.kind !== 'ConfigMap' && m.kind !== 'Namespace').map((m) => m.metadata.name),
  ).toEqual([]);
  expect(collect((w) => RECOMMENDED_LABELS.some((label) => w.labels[label] === undefined), pods)).toEqual([]);
});

rule('each workload has a service account of its own, and no pod mounts a token', ({ pods, named }) => {
  const accounts = pods.map((workload) => workload.pod.serviceAccountName);
  expect(new Set(accounts).size).toBe(pods.length);
  for (const account of accounts) expect(named('ServiceAccount', account ?? '')).toBeDefined();
  expect(collect((w) => w.pod.automountServiceAccountToken !== false, pods)).toEqual([]);
});

rule('pods run as a numeric user that is not root, with the default seccomp profile', ({ pods }) => {
  expect(
    collect(
      ({ pod }) =>
        pod.securityContext?.['runAsNonRoot'] !== true ||
        !(Number(pod.securityContext['runAsUser']) > 0) ||
        pod.securityContext.seccompProfile?.type !== 'RuntimeDefault',
      pods,
    ),
  ).toEqual([]);
});

rule('containers cannot write to their root, gain privileges or keep a capability', ({ pods }) => {
  expect(
    collect(
      ({ pod }) =>
        containers(pod).some(
          ({ securityContext }) =>
            securityContext?.['readOnlyRootFilesystem'] !== true ||
            securityContext['allowPrivilegeEscalation'] !== false ||
            securityContext['privileged'] === true ||
            securityContext.capabilities?.drop?.join() !== 'ALL',
        ),
      pods,
    ),
  ).toEqual([]);
});

rule('/tmp is an emptyDir with a size', ({ pods }) => {
  expect(
    collect(({ pod }) => {
      const tmp = pod.volumes?.find((volume) => volume.name === 'tmp');
      const mounted = containers(pod).every((c) => c.volumeMounts?.some((m) => m.mountPath === '/tmp'));
      return tmp?.emptyDir?.sizeLimit === undefined || !mounted;
    }, pods),
  ).toEqual([]);
});

rule('no volume without a size is an emptyDir', ({ pods }) => {
  const unsized = pods.flatMap(({ pod }) =>
    (pod.volumes ?? []).filter((v) => v.emptyDir !== undefined && v.emptyDir.sizeLimit === undefined),
  );
  expect(unsized).toEqual([]);
});

rule('every container has requests and limits of CPU and memory', ({ pods }) => {
  expect(
    collect(
      ({ pod }) =>
        containers(pod).some((c) =>
          ['cpu', 'memory'].some(
            (what) => c.resources?.requests?.[what] === undefined || c.resources.limits?.[what] === undefined,
          ),
        ),
      pods,
    ),
  ).toEqual([]);
});

rule("Node's heap is limited to between a third and four fifths of the container's memory", ({ own }) => {
  const shares = own.flatMap(({ pod }) =>
    containers(pod).map((c) => {
      const options = c.env?.find((variable) => variable.name === 'NODE_OPTIONS')?.value ?? '';
      const heapMiB = Number(/--max-old-space-size=(\d+)/u.exec(options)?.[1]);
      return (heapMiB * 1024 ** 2) / bytes(c.resources?.limits?.['memory'] ?? '0');
    }),
  );
  expect(shares.length).toBeGreaterThanOrEqual(6);
  for (const share of shares) {
    expect(share).toBeGreaterThan(1 / 3);
    expect(share).toBeLessThanOrEqual(0.8);
  }
});

rule('images have a tag or a digest, and never latest', ({ pods }) => {
  const images = pods.flatMap(({ pod }) => containers(pod).map((c) => c.image));
  for (const image of images) {
    expect(image).toMatch(/(:[\w.-]+|@sha256:[0-9a-f]{64})$/u);
    expect(image).not.toMatch(/:latest$/u);
  }
});

rule('api, worker, migrate and the cron jobs run one and the same image', ({ own }) => {
  expect(new Set(own.flatMap(({ pod }) => containers(pod).map((c) => c.image))).size).toBe(1);
});

rule(
  'api and worker have startup, readiness and liveness probes, and liveness knows no database',
  ({ running }) => {
    expect(running.map((workload) => workload.name).toSorted()).toEqual([
      'Deployment/iit-api',
      'Deployment/iit-worker',
    ]);
    for (const { pod } of running) {
      const [container] = pod.containers;
      expect(container?.startupProbe?.httpGet?.path).toBe('/health/live');
      expect(container?.livenessProbe?.httpGet?.path).toBe('/health/live');
      expect(container?.readinessProbe?.httpGet?.path).toBe('/health/ready');
    }
  },
);

rule(
  'the time to stop nests: preStop + deadline < grace period, and a chunk fits well below',
  ({ running }) => {
    for (const { pod } of running) {
      const [container] = pod.containers;
      const deadline = Number(container?.env?.find((v) => v.name === 'SHUTDOWN_SECONDS')?.value);
      const preStop = container?.lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(deadline).toBeGreaterThanOrEqual(25);
      expect(preStop + deadline).toBeLessThan(pod.terminationGracePeriodSeconds ?? 30);
    }
  },
);

rule('the api pauses before it stops, so that endpoints forget it first', ({ running }) => {
  const api = running.find((workload) => workload.name === 'Deployment/iit-api');
  expect(api?.pod.containers[0]?.lifecycle?.preStop?.sleep?.seconds).toBeGreaterThanOrEqual(5);
});

rule(
  'a roll-out takes no pod away before its successor is ready, and the autoscaler owns the count',
  ({ running }) => {
    for (const { manifest } of running) {
      const spec = manifest.spec as {
        replicas?: number;
        strategy: { rollingUpdate: { maxUnavailable: number } };
      };
      expect(spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
      expect(spec.replicas).toBeUndefined();
    }
  },
);

rule('api and worker are spread over zones and nodes', ({ running }) => {
  for (const { pod } of running) {
    expect(pod.topologySpreadConstraints?.map((constraint) => constraint.topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
  }
});

rule('disruption budgets leave a drain possible at the smallest count', ({ named }) => {
  for (const component of ['api', 'worker']) {
    const budget = named('PodDisruptionBudget', `iit-${component}`)?.spec as {
      minAvailable?: number;
      maxUnavailable?: number;
    };
    const hpa = named('HorizontalPodAutoscaler', `iit-${component}`)?.spec as
      | { minReplicas: number }
      | undefined;
    const smallest = hpa?.minReplicas ?? 1;
    expect(budget.maxUnavailable ?? smallest - (budget.minAvailable ?? 0)).toBeGreaterThanOrEqual(1);
  }
});

rule('selectors of Deployments, Services, budgets and network policies match pods', ({ all, pods }) => {
  const matches = (selector: Record<string, string>) =>
    pods.some((workload) =>
      Object.entries(selector).every(([label, value]) => workload.labels[label] === value),
    );
  const selected = all.flatMap((manifest) => {
    const spec = manifest.spec as Selecting | undefined;
    if (manifest.kind === 'Service') return [{ manifest, selector: spec?.selector as Labels }];
    if (manifest.kind === 'NetworkPolicy') {
      return [{ manifest, selector: spec?.podSelector?.matchLabels ?? {} }];
    }
    const choosing = ['Deployment', 'PodDisruptionBudget'].includes(manifest.kind);
    return choosing
      ? [
          {
            manifest,
            selector: (spec?.selector as { matchLabels: Labels } | undefined)?.matchLabels ?? { none: '' },
          },
        ]
      : [];
  });
  expect(selected.length).toBeGreaterThan(10);
  // The solver of a challenge is made by cert-manager, and is in no manifest.
  const foreign = ['allow-acme-http01'];
  expect(
    selected.filter(
      ({ manifest, selector }) => !foreign.includes(manifest.metadata.name) && !matches(selector),
    ),
  ).toEqual([]);
});

rule(
  'the network denies by default, both ways, and each opening names who, whom and which port',
  ({ ofKind }) => {
    const policies = ofKind('NetworkPolicy').map((m) => ({
      name: m.metadata.name,
      spec: m.spec as NetworkSpec,
    }));
    const deny = policies.find((policy) => policy.name === 'default-deny')?.spec;
    expect(deny).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const open = policies
      .filter((policy) => policy.name !== 'default-deny')
      .flatMap(({ name, spec }) =>
        [...(spec.ingress ?? []), ...(spec.egress ?? [])].map((rule) => ({ name, rule })),
      );
    expect(open.length).toBeGreaterThan(7);
    expect(open.filter(({ rule }) => !rule.ports?.length || !(rule.from ?? rule.to)?.length)).toEqual([]);
  },
);

rule('DNS, PostgreSQL, Redis and scraping are allowed, and migrations do not reach Redis', ({ named }) => {
  const ports = (name: string, way: 'ingress' | 'egress') =>
    ((named('NetworkPolicy', name)?.spec as NetworkSpec | undefined)?.[way] ?? []).flatMap((rule) =>
      (rule.ports ?? []).map((port) => port.port),
    );
  expect(ports('allow-dns', 'egress')).toEqual([53, 53]);
  expect(ports('allow-postgresql', 'egress')).toEqual([5432]);
  expect(ports('allow-redis', 'egress')).toEqual([6379]);
  expect(ports('allow-scraping', 'ingress')).toEqual([8000, 8001]);
  expect(JSON.stringify(named('NetworkPolicy', 'allow-redis')?.spec)).not.toContain('migrate');
});

rule('cron jobs never overlap, have deadlines, a history and a time zone', ({ ofKind }) => {
  const jobs = ofKind('CronJob');
  expect(jobs.map((job) => job.metadata.name).toSorted()).toEqual([
    'iit-backup',
    'iit-nightly',
    'iit-retention',
  ]);
  for (const job of jobs) {
    const spec = job.spec as CronSpec;
    expect(spec.concurrencyPolicy).toBe('Forbid');
    expect(spec.timeZone).toBe('Africa/Lagos');
    expect(spec.startingDeadlineSeconds).toBeGreaterThan(0);
    expect(spec.successfulJobsHistoryLimit).toBeGreaterThan(0);
    expect(spec.failedJobsHistoryLimit).toBeGreaterThan(0);
    expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBeGreaterThan(0);
  }
});

rule('the migration is a Job with a deadline, and pods wait for no hand', ({ named }) => {
  const spec = named('Job', 'iit-migrate')?.spec as { activeDeadlineSeconds: number; backoffLimit: number };
  expect(spec.activeDeadlineSeconds).toBeGreaterThan(0);
  expect(spec.backoffLimit).toBeGreaterThan(0);
});

rule('secrets are placeholders, or come from a secret store', ({ overlay, ofKind }) => {
  for (const secret of ofKind('Secret')) {
    const { stringData, data } = secret as Manifest & {
      stringData?: Record<string, string>;
      data?: Record<string, string>;
    };
    expect(data).toBeUndefined();
    for (const value of Object.values(stringData ?? {})) expect(value).toBe('REPLACE_ME');
  }
  expect(ofKind('Secret').length > 0).toBe(overlay === 'dev');
});

rule('every secret that a pod needs exists, as a Secret or as an ExternalSecret', ({ pods, ofKind }) => {
  const given = new Set([...ofKind('Secret'), ...ofKind('ExternalSecret')].map((m) => m.metadata.name));
  const wanted = pods.flatMap(({ pod }) =>
    containers(pod).flatMap((c) => (c.envFrom ?? []).flatMap((from) => from.secretRef?.name ?? [])),
  );
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => !given.has(name))).toEqual([]);
});

rule("only migrate, backup and retention hold the schema owner's secret", ({ own }) => {
  const owners = own
    .filter(({ pod }) =>
      containers(pod).some((c) => c.envFrom?.some((f) => f.secretRef?.name === 'iit-database-owner')),
    )
    .map((workload) => workload.name);
  expect(owners.toSorted()).toEqual(['CronJob/iit-backup', 'CronJob/iit-retention', 'Job/iit-migrate']);
});

rule('workers sign the log, and nobody else has the key', ({ own }) => {
  const signers = own.flatMap(({ name, pod }) =>
    containers(pod)
      .filter((c) => c.envFrom?.some((from) => from.secretRef?.name === 'iit-checkpoint'))
      .map((c) => `${name}/${c.name}`),
  );
  expect(signers).toEqual(['Deployment/iit-worker/worker']);
});

rule(
  'workers sign by a name of its own, and keep checkpoints on a claim outside the database',
  ({ own, all }) => {
    const unnamed = loadConfig({ DATABASE_URL: 'postgres://nobody@host:5432/iit' }).CHECKPOINT_ORIGIN;
    const mounting = own.filter(({ pod }) => pod.volumes?.some((volume) => volume.name === 'checkpoints'));
    expect(mounting.map(({ name }) => name)).toEqual(['Deployment/iit-worker']);
    for (const { pod } of mounting) {
      const [worker] = pod.containers;
      if (worker === undefined) throw new Error('the worker has no container');
      const { CHECKPOINT_ORIGIN, CHECKPOINT_SINKS } = loadConfig({
        DATABASE_URL: 'postgres://nobody@host:5432/iit',
        ...environmentOf(worker, all),
      });
      expect(CHECKPOINT_ORIGIN).not.toBe(unnamed);
      const sinks = openSinks(CHECKPOINT_SINKS, createLogger('test', 'silent')).map(({ uri }) => uri);
      const kept = sinks.filter((uri) => uri.startsWith('file:')).map((uri) => fileURLToPath(uri));
      const mounts = (worker.volumeMounts ?? []).filter((mount) => mount.name === 'checkpoints');
      expect(kept).toEqual(mounts.filter((mount) => mount.readOnly !== true).map((mount) => mount.mountPath));
      expect(kept).toHaveLength(1);
      const claim = pod.volumes?.find((volume) => volume.name === 'checkpoints')?.persistentVolumeClaim;
      expect(claim?.claimName).toBe('iit-checkpoints');
    }
  },
);

rule('no secret value stands in a container specification', ({ pods }) => {
  const plain = pods.flatMap(({ pod }) =>
    containers(pod).flatMap((c) =>
      (c.env ?? []).filter((v) => v.value !== undefined && /PASSWORD|SECRET|TOKEN|_KEY$|_URL$/u.test(v.name)),
    ),
  );
  expect(plain.map((variable) => variable.name)).toEqual(['IIT_API_URL']);
});

rule(
  'the front door speaks TLS for every host, and lets in what is for the outside and nothing else',
  ({ overlay, named, ofKind }) => {
    const doors =
      overlay === 'gateway'
        ? gatewayDoors(ofKind('Gateway'), ofKind('HTTPRoute'))
        : ingressDoors(ofKind('Ingress'));
    expect(doors.plainHosts).toEqual([]);
    expect(doors.paths.toSorted()).toEqual([...PUBLIC_PATHS].toSorted());
    for (const inside of INSIDE_PATHS) expect(doors.paths).not.toContain(inside);
    const service = named('Service', doors.service)?.spec as
      | { ports: { name: string; port: number }[] }
      | undefined;
    expect(service?.ports.some(({ name, port }) => name === doors.port || port === doors.port)).toBe(true);
  },
);

rule('only the migrate Job touches the models volume, and only its first step writes there', ({ own }) => {
  const mounts = own.flatMap(({ name, pod }) =>
    containers(pod).flatMap((c) =>
      (c.volumeMounts ?? [])
        .filter((m) => m.name === 'models')
        .map((m) => [name, c.name, m.readOnly === true]),
    ),
  );
  expect(mounts).toEqual([
    ['Job/iit-migrate', 'models', false],
    ['Job/iit-migrate', 'migrate', true],
  ]);
});

rule('one autoscaler owns each Deployment', ({ overlay, ofKind }) => {
  const owners = [...ofKind('HorizontalPodAutoscaler'), ...ofKind('ScaledObject')].map(
    (m) => (m.spec as { scaleTargetRef: { name: string } }).scaleTargetRef.name,
  );
  expect(owners.toSorted()).toEqual(['iit-api', 'iit-worker']);
  expect(ofKind('ScaledObject')).toHaveLength(overlay === 'keda' ? 1 : 0);
});

/** The kustomization that names the image: an overlay's own, or that of the overlay it stands on. */
const IMAGES_OF: Record<Overlay, string> = { dev: 'dev', prod: 'prod', keda: 'prod', gateway: 'prod' };

rule("the image is the one that the overlay's kustomization names", ({ overlay, own, tree }) => {
  const { images } = parse(tree.read(`k8s/overlays/${IMAGES_OF[overlay]}/kustomization.yaml`)) as {
    images: { newName: string; newTag?: string; digest?: string }[];
  };
  const [named] = images;
  const wanted = `${named?.newName}${named?.digest === undefined ? `:${named?.newTag}` : `@${named.digest}`}`;
  expect(new Set(own.flatMap(({ pod }) => containers(pod).map((c) => c.image)))).toEqual(new Set([wanted]));
});

rule('every environment is one that the service takes', ({ own, all }) => {
  const known = new Set([...Object.keys(environment.shape), ...TOOLS_VARIABLES]);
  for (const { name, pod } of own) {
    for (const container of containers(pod)) {
      const given = environmentOf(container, all);
      expect(
        () => loadConfig({ DATABASE_URL: 'postgres://nobody@host:5432/iit', ...given }),
        name,
      ).not.toThrow();
      expect(
        Object.keys(given).filter((key) => !known.has(key)),
        `${name}/${container.name}`,
      ).toEqual([]);
    }
  }
});

rule('what a process cannot do without is given to it by its secrets', ({ own, all }) => {
  const wanted: Record<string, string[]> = {
    'Deployment/iit-api': ['DATABASE_URL', 'QUEUE_URL'],
    'Deployment/iit-worker': ['DATABASE_URL', 'QUEUE_URL', 'CHECKPOINT_KEY'],
    'Job/iit-migrate': ['DATABASE_URL', 'APP_DATABASE_PASSWORD', 'MODEL_PATH'],
    'CronJob/iit-backup': ['DATABASE_URL', 'BACKUP_URI'],
    'CronJob/iit-retention': ['DATABASE_URL'],
    'CronJob/iit-nightly': ['IIT_API_URL', 'IIT_API_KEY', 'COHORT_PATH'],
  };
  for (const { name, pod } of own) {
    const container = pod.containers[0];
    const keys =
      container === undefined
        ? []
        : [...Object.keys(environmentOf(container, all)), ...secretKeys(container, all)];
    expect(keys, name).toEqual(expect.arrayContaining(wanted[name] ?? ['a workload that this rule knows']));
  }
});

rule('every command names a file of the repository that the image has', ({ own, tree }) => {
  const files = own.flatMap(({ pod }) =>
    containers(pod).flatMap((c) => (c.args ?? []).filter((arg) => arg.endsWith('.ts'))),
  );
  expect(files.length).toBeGreaterThanOrEqual(9);
  expect(files.filter((file) => !tree.exists(file) || !/^(api|workers|cli)\//u.test(file))).toEqual([]);
  const plain = own.flatMap(({ pod }) =>
    containers(pod)
      .filter((c) => c.args?.[0] !== 'node')
      .map((c) => c.name),
  );
  expect(plain).toEqual(['models']);
});

rule('each workload runs what its name says', ({ own }) => {
  const runs = Object.fromEntries(own.map(({ name, pod }) => [name, pod.containers[0]?.args?.at(-1)]));
  expect(runs).toEqual({
    'Deployment/iit-api': 'api/main.ts',
    'Deployment/iit-worker': 'workers/main.ts',
    'Job/iit-migrate': 'cli/app-login.ts',
    'CronJob/iit-nightly': 'cli/submit-cohort.ts',
    'CronJob/iit-backup': 'cli/backup.ts',
    'CronJob/iit-retention': 'cli/retention.ts',
  });
});

rule('the image’s own init stays in front: no manifest replaces the entry point', ({ own }) => {
  expect(collect(({ pod }) => containers(pod).some((c) => c.command !== undefined), own)).toEqual([]);
});

rule(
  'ports, probes, Services and monitors agree with the port that the process listens on',
  ({ running, all, named, ofKind }) => {
    const monitored = (ofKind('ServiceMonitor')[0]?.spec as { endpoints: { port: string }[] } | undefined)
      ?.endpoints[0]?.port;
    for (const { name, pod, manifest } of running) {
      const [container] = pod.containers;
      if (container === undefined) throw new Error(`${name} has no container`);
      const config = loadConfig({
        DATABASE_URL: 'postgres://nobody@host:5432/iit',
        ...environmentOf(container, all),
      });
      const listens = manifest.metadata.name === 'iit-api' ? config.PORT : config.WORKER_PORT;
      const ports = container.ports ?? [];
      const numberOf = (port: string | number | undefined) =>
        ports.find((p) => p.name === port)?.containerPort ?? Number(port);
      expect(
        ports.map((port) => port.containerPort),
        name,
      ).toEqual([listens]);
      for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
        expect(numberOf(probe?.httpGet?.port), name).toBe(listens);
      }
      const service = named('Service', manifest.metadata.name)?.spec as {
        ports: { name: string; port: number; targetPort: string }[];
      };
      expect(
        service.ports.map((port) => [port.port, numberOf(port.targetPort)]),
        name,
      ).toEqual([[listens, listens]]);
      if (monitored !== undefined) expect(service.ports[0]?.name).toBe(monitored);
    }
  },
);

rule('the nightly submission calls the api’s Service on its port', ({ own, named }) => {
  const nightly = own.find((workload) => workload.name === 'CronJob/iit-nightly')?.pod.containers[0];
  const url = new URL(nightly?.env?.find((variable) => variable.name === 'IIT_API_URL')?.value ?? '');
  const service = named('Service', url.hostname)?.spec as { ports: { port: number }[] } | undefined;
  expect(service?.ports[0]?.port).toBe(Number(url.port));
});

rule('new pods of api and worker wait for their schema before they start', ({ running, own }) => {
  for (const { name, pod } of running) {
    expect(
      pod.initContainers?.map((c) => c.args?.at(-1)),
      name,
    ).toEqual(['cli/wait-for-schema.ts']);
  }
  const migrate = own.find((workload) => workload.name === 'Job/iit-migrate')?.pod;
  expect(migrate?.initContainers?.map((c) => c.name)).toEqual(['models', 'migrate']);
  expect(migrate?.initContainers?.[1]?.args).toEqual(['node', 'cli/migrate.ts']);
});

rule('a roll-out is given more time than a migration may take', ({ running, named }) => {
  const longest = Number(named('Job', 'iit-migrate')?.spec?.['activeDeadlineSeconds']);
  for (const { manifest } of running) {
    expect((manifest.spec as { progressDeadlineSeconds: number }).progressDeadlineSeconds).toBeGreaterThan(
      longest,
    );
  }
});

/** What docs/deployment.md applies before everything else. */
const FIRST_APPLY = ['configuration', 'network', 'models', 'migrate'];

rule('the first apply has everything that the migration needs', ({ all, own, named }) => {
  const first = all.filter((m) =>
    FIRST_APPLY.includes(m.metadata.labels?.['app.kubernetes.io/component'] ?? ''),
  );
  const has = (kind: string, name: string | undefined) =>
    first.some((m) => m.kind === kind && m.metadata.name === name);
  expect(has('Namespace', 'iit-ml-service')).toBe(true);
  expect(has('NetworkPolicy', 'default-deny')).toBe(true);
  expect(has('NetworkPolicy', 'allow-postgresql')).toBe(true);
  expect(has('Job', 'iit-migrate')).toBe(true);
  const pod = own.find((workload) => workload.name === 'Job/iit-migrate')?.pod;
  expect(has('ServiceAccount', pod?.serviceAccountName)).toBe(true);
  for (const volume of pod?.volumes ?? []) {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined) expect(has('PersistentVolumeClaim', claim)).toBe(true);
  }
  for (const container of pod === undefined ? [] : containers(pod)) {
    for (const from of container.envFrom ?? []) {
      if (from.configMapRef !== undefined) expect(has('ConfigMap', from.configMapRef.name)).toBe(true);
      if (from.secretRef !== undefined) {
        expect(has('Secret', from.secretRef.name) || has('ExternalSecret', from.secretRef.name)).toBe(true);
      }
    }
  }
  expect(named('Job', 'iit-migrate')?.metadata.labels?.['app.kubernetes.io/component']).toBe('migrate');
});

/** Groups that every cluster serves; all else is a CRD, and belongs into a component. */
const BUILT_IN = ['v1', 'apps/v1', 'batch/v1', 'autoscaling/v2', 'networking.k8s.io/v1', 'policy/v1'];
const SERVED: Record<string, string> = {
  ExternalSecret: 'external-secrets.io/v1',
  ServiceMonitor: 'monitoring.coreos.com/v1',
  PrometheusRule: 'monitoring.coreos.com/v1',
  ScaledObject: 'keda.sh/v1alpha1',
  TriggerAuthentication: 'keda.sh/v1alpha1',
  Gateway: 'gateway.networking.k8s.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
};

rule(
  'API versions are served ones, and without components every cluster knows every kind',
  ({ overlay, all }) => {
    const strange = all.filter(
      (m) => !BUILT_IN.includes(m.apiVersion) && (overlay === 'dev' || SERVED[m.kind] !== m.apiVersion),
    );
    expect(strange.map((m) => `${m.apiVersion} ${m.kind}`)).toEqual([]);
  },
);

rule(
  'the oldest Kubernetes that knows every field is the one that the guide and the namespace name',
  ({ ofKind, running, tree }) => {
    const minor = Number(
      /^v1\.(\d+)$/u.exec(
        ofKind('Namespace')[0]?.metadata.labels?.['pod-security.kubernetes.io/enforce-version'] ?? '',
      )?.[1],
    );
    const sleeps = running.some(({ pod }) => pod.containers[0]?.lifecycle?.preStop?.sleep !== undefined);
    // preStop.sleep is on by default from 1.30; unhealthyPodEvictionPolicy from 1.27; CronJob's timeZone from 1.27.
    expect(minor).toBeGreaterThanOrEqual(sleeps ? 30 : 27);
    expect(tree.read('docs/deployment.md')).toContain(`Kubernetes 1.${minor}`);
  },
);

rule('a claim that many nodes write to names a class that can do so', ({ overlay, ofKind }) => {
  type Claim = { accessModes: string[]; storageClassName?: string };
  const shared = ofKind('PersistentVolumeClaim').filter((m) =>
    (m.spec as Claim).accessModes.includes('ReadWriteMany'),
  );
  expect(shared.map((m) => m.metadata.name).toSorted()).toEqual(
    overlay === 'dev' ? [] : ['iit-checkpoints', 'iit-cohorts'],
  );
  expect(shared.filter((m) => !(m.spec as Claim).storageClassName)).toEqual([]);
});

rule(
  'every volume that a container mounts is there, and every claim that a pod names too',
  ({ pods, ofKind }) => {
    const claims = new Set(ofKind('PersistentVolumeClaim').map((m) => m.metadata.name));
    for (const { name, pod, manifest } of pods) {
      const templates = ((manifest.spec?.['volumeClaimTemplates'] ?? []) as Manifest[]).map(
        (m) => m.metadata.name,
      );
      const volumes = new Set([...(pod.volumes ?? []).map((volume) => volume.name), ...templates]);
      const mounts = containers(pod).flatMap((c) => c.volumeMounts ?? []);
      expect(
        mounts.filter((mount) => !volumes.has(mount.name)),
        name,
      ).toEqual([]);
      const named = (pod.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
      expect(
        named.filter((claim) => !claims.has(claim)),
        name,
      ).toEqual([]);
    }
  },
);

rule('requests do not exceed limits', ({ pods }) => {
  const over = pods.flatMap(({ name, pod }) =>
    containers(pod)
      .filter(
        (c) => bytes(c.resources?.requests?.['memory'] ?? '') > bytes(c.resources?.limits?.['memory'] ?? ''),
      )
      .map((c) => `${name}/${c.name}`),
  );
  expect(over).toEqual([]);
});

rule(
  'the api is scaled by CPU and memory from three to ten, and by two at least where a node may go',
  ({ overlay, named }) => {
    type Hpa = {
      minReplicas: number;
      maxReplicas: number;
      metrics: { resource: { name: string; target: { averageUtilization: number } } }[];
    };
    const hpa = named('HorizontalPodAutoscaler', 'iit-api')?.spec as Hpa | undefined;
    expect(hpa?.metrics.map((m) => [m.resource.name, m.resource.target.averageUtilization])).toEqual([
      ['cpu', 70],
      ['memory', 80],
    ]);
    expect([hpa?.minReplicas, hpa?.maxReplicas]).toEqual(overlay === 'dev' ? [1, 2] : [3, 10]);
  },
);

rule('KEDA goes to zero, starts with the first chunk, and lets workers seal once an hour', ({ ofKind }) => {
  for (const scaled of ofKind('ScaledObject')) {
    const spec = scaled.spec as {
      minReplicaCount: number;
      triggers: { type: string; metadata: Record<string, string> }[];
    };
    expect(spec.minReplicaCount).toBe(0);
    expect(spec.triggers.map((trigger) => trigger.type)).toEqual(['postgresql', 'cron']);
    expect(spec.triggers[0]?.metadata['activationTargetQueryValue']).toBe('0');
    expect(spec.triggers[1]?.metadata['desiredReplicas']).toBe('1');
  }
});

rule('who reaches whom: only what has to, and nobody from elsewhere', ({ overlay, all }) => {
  const own = 'iit-ml-service';
  const pod = (component: string): Party => ({
    namespace: own,
    labels: { 'app.kubernetes.io/name': own, 'app.kubernetes.io/component': component },
  });
  const store = (name: string, address: string): Party =>
    overlay === 'dev' ? { namespace: own, labels: { 'app.kubernetes.io/name': name } } : { address };
  const door = overlay === 'gateway' ? 'nginx-gateway' : 'ingress-nginx';
  const parties: Record<string, Party> = {
    api: pod('api'),
    worker: pod('worker'),
    migrate: pod('migrate'),
    nightly: pod('nightly'),
    backup: pod('backup'),
    retention: pod('retention'),
    solver: { namespace: own, labels: { 'acme.cert-manager.io/http01-solver': 'true' } },
    door: { namespace: door },
    monitoring: { namespace: 'monitoring' },
    elsewhere: { namespace: 'default' },
    postgresql: store('postgresql', '10.40.130.1'),
    redis: store('redis', '10.40.130.2'),
    s3: { address: '52.95.180.1' },
    metadata: { address: '169.254.169.254' },
    nodeDns: { address: '169.254.20.10' },
    clusterDns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  };
  const ports: Record<string, number[]> = {
    api: [8000, 8001, 22],
    worker: [8000, 8001, 22],
    solver: [8089, 80],
    postgresql: [5432, 22],
    redis: [6379, 22],
    s3: [443, 80],
    metadata: [80, 443],
    nodeDns: [53],
    clusterDns: [53],
    monitoring: [4318, 9090],
    elsewhere: [80, 443],
    migrate: [8000],
  };
  const open: string[] = [];
  for (const [fromName, from] of Object.entries(parties)) {
    if (
      ![
        'api',
        'worker',
        'migrate',
        'nightly',
        'backup',
        'retention',
        'solver',
        'door',
        'monitoring',
        'elsewhere',
      ].includes(fromName)
    )
      continue;
    for (const [toName, list] of Object.entries(ports)) {
      const to = parties[toName];
      if (to === undefined || (to.namespace !== own && from.namespace !== own)) continue;
      for (const port of list) {
        const protocol = port === 53 ? 'UDP' : 'TCP';
        if (allows(all, own, { from, to, port, protocol })) open.push(`${fromName} > ${toName}:${port}`);
      }
    }
  }
  const dns = ['api', 'worker', 'migrate', 'nightly', 'backup', 'retention'].flatMap((name) => [
    `${name} > clusterDns:53`,
    `${name} > nodeDns:53`,
  ]);
  // A monitor may ask every port that a process of ours listens on; both are named in one policy.
  const expected = [
    ...dns,
    ...['api', 'worker', 'migrate', 'backup', 'retention'].map((name) => `${name} > postgresql:5432`),
    'api > redis:6379',
    'worker > redis:6379',
    'api > monitoring:4318',
    'worker > monitoring:4318',
    'nightly > api:8000',
    'backup > s3:443',
    'door > api:8000',
    'door > solver:8089',
    ...['api', 'worker'].flatMap((name) => [`monitoring > ${name}:8000`, `monitoring > ${name}:8001`]),
  ];
  expect(open.toSorted()).toEqual(expected.toSorted());
});

/** Variables of the commands, that shared/config does not read. */
const TOOLS_VARIABLES = [
  'NODE_OPTIONS',
  'IIT_API_URL',
  'COHORT_PATH',
  'AUDIT_MONTHS',
  ...CLEARED.map(({ variable }) => variable),
  'BACKUP_RENEW_DAYS',
  'AWS_REGION',
];

/** The environment of a container as far as it is no secret: its ConfigMap's data under its own values. */
function environmentOf(container: Container, all: Manifest[]): Record<string, string> {
  const maps = (container.envFrom ?? []).flatMap((from) =>
    all.filter((m) => m.kind === 'ConfigMap' && m.metadata.name === from.configMapRef?.name),
  );
  const data = maps.map((m) => (m as Manifest & { data: Record<string, string> }).data);
  const values = (container.env ?? []).flatMap((v) => (v.value === undefined ? [] : [[v.name, v.value]]));
  return Object.assign({}, ...data, Object.fromEntries(values)) as Record<string, string>;
}

/** The names of the variables that a container's secrets give. */
function secretKeys(container: Container, all: Manifest[]): string[] {
  const keysOf = (name: string): string[] =>
    all
      .filter((m) => ['Secret', 'ExternalSecret'].includes(m.kind) && m.metadata.name === name)
      .flatMap((m) => {
        const data = m.spec?.['data'] as { secretKey: string }[] | undefined;
        return (
          data?.map((entry) => entry.secretKey) ??
          Object.keys((m as { stringData?: object }).stringData ?? {})
        );
      });
  const whole = (container.envFrom ?? []).flatMap((from) => keysOf(from.secretRef?.name ?? ''));
  const single = (container.env ?? []).flatMap(({ name, valueFrom }) => {
    const ref = valueFrom?.secretKeyRef;
    return ref !== undefined && keysOf(ref.name).includes(ref.key) ? [name] : [];
  });
  return [...whole, ...single];
}

type Doors = { plainHosts: string[]; paths: string[]; service: string; port: string | number | undefined };

function ingressDoors(ingresses: Manifest[]): Doors {
  type Path = {
    path: string;
    pathType: string;
    backend: { service: { name: string; port: { name?: string; number?: number } } };
  };
  type Spec = { tls?: { hosts: string[] }[]; rules: { host: string; http: { paths: Path[] } }[] };
  const specs = ingresses.map((m) => m.spec as unknown as Spec);
  const secured = specs.flatMap((spec) => (spec.tls ?? []).flatMap((entry) => entry.hosts));
  const all = specs.flatMap((spec) => spec.rules);
  const paths = all.flatMap((entry) => entry.http.paths);
  const { service } = paths[0]?.backend ?? {};
  return {
    plainHosts: all.map((entry) => entry.host).filter((host) => !secured.includes(host)),
    paths: paths.map((entry) =>
      entry.pathType === 'Exact' ? entry.path : `${entry.path.replace(/\/$/u, '')}/*`,
    ),
    service: service?.name ?? '',
    port: service?.port.name ?? service?.port.number,
  };
}

function gatewayDoors(gateways: Manifest[], routes: Manifest[]): Doors {
  type Listener = { name: string; protocol: string; hostname: string };
  type Rule = {
    filters?: { type: string }[];
    matches?: { path: { type: string; value: string } }[];
    backendRefs?: { name: string; port: number }[];
  };
  type Spec = { parentRefs: { name: string; sectionName: string }[]; hostnames: string[]; rules: Rule[] };
  const listeners = gateways.flatMap((m) => m.spec?.['listeners'] as Listener[]);
  const specs = routes.map((m) => m.spec as unknown as Spec);
  const serving = specs.filter((spec) => spec.rules.some((entry) => entry.backendRefs !== undefined));
  const secure = (spec: Spec) =>
    spec.parentRefs.every((ref) => listeners.find((l) => l.name === ref.sectionName)?.protocol === 'HTTPS');
  const entries = serving.flatMap((spec) => spec.rules);
  return {
    plainHosts: serving.filter((spec) => !secure(spec)).flatMap((spec) => spec.hostnames),
    paths: entries.flatMap((entry) =>
      (entry.matches ?? [{ path: { type: 'PathPrefix', value: '/' } }]).map(({ path }) =>
        path.type === 'Exact' ? path.value : `${path.value.replace(/\/$/u, '')}/*`,
      ),
    ),
    service: entries[0]?.backendRefs?.[0]?.name ?? '',
    port: entries[0]?.backendRefs?.[0]?.port,
  };
}

type Labels = Record<string, string>;
type Selecting = { selector?: Labels | { matchLabels: Labels }; podSelector?: { matchLabels?: Labels } };
type NetworkRule = { from?: unknown[]; to?: unknown[]; ports?: { port: number }[] };
type NetworkSpec = { ingress?: NetworkRule[]; egress?: NetworkRule[] };
type CronSpec = {
  concurrencyPolicy: string;
  timeZone: string;
  startingDeadlineSeconds: number;
  successfulJobsHistoryLimit: number;
  failedJobsHistoryLimit: number;
  jobTemplate: { spec: { activeDeadlineSeconds: number } };
};
