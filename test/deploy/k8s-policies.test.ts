import { beforeAll, describe, expect, test } from 'vitest';
import { skipWithout } from '#deploy/checks/tools.ts';
import { bytes, containers, render, workloads, OVERLAYS, type Manifest, type Workload } from './manifests.ts';

const RECOMMENDED_LABELS = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/version',
  'app.kubernetes.io/component',
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/managed-by',
];

const collect = (broken: (workload: Workload) => boolean, all: Workload[]) =>
  all.filter(broken).map((workload) => workload.name);

describe.skipIf(skipWithout('kubectl')).each(OVERLAYS)('overlay %s', (overlay) => {
  let all: Manifest[];
  let pods: Workload[];
  let own: Workload[];
  let running: Workload[];

  const ofKind = (kind: string) => all.filter((manifest) => manifest.kind === kind);
  const named = (kind: string, name: string) =>
    all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

  beforeAll(() => {
    all = render(overlay);
    pods = workloads(all);
    own = pods.filter((workload) => workload.labels['app.kubernetes.io/name'] === 'iit-ml-service');
    running = own.filter((workload) => workload.manifest.kind === 'Deployment');
  });

  test('the namespace enforces the restricted pod security standard at a pinned version', () => {
    const labels = ofKind('Namespace')[0]?.metadata.labels ?? {};
    expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    expect(labels['pod-security.kubernetes.io/enforce-version']).toMatch(/^v1\.\d+$/u);
  });

  test('everything lies in one namespace', () => {
    const strays = all.filter((m) => m.kind !== 'Namespace' && m.metadata.namespace !== 'iit-ml-service');
    expect(strays).toEqual([]);
  });

  test('the recommended labels are on every object and on every pod', () => {
    const bare = all.filter((m) =>
      RECOMMENDED_LABELS.some((label) => m.metadata.labels?.[label] === undefined),
    );
    expect(
      bare.filter((m) => m.kind !== 'ConfigMap' && m.kind !== 'Namespace').map((m) => m.metadata.name),
    ).toEqual([]);
    expect(collect((w) => RECOMMENDED_LABELS.some((label) => w.labels[label] === undefined), pods)).toEqual(
      [],
    );
  });

  test('each workload has a service account of its own, and no pod mounts a token', () => {
    const accounts = pods.map((workload) => workload.pod.serviceAccountName);
    expect(new Set(accounts).size).toBe(pods.length);
    for (const account of accounts) expect(named('ServiceAccount', account ?? '')).toBeDefined();
    expect(collect((w) => w.pod.automountServiceAccountToken !== false, pods)).toEqual([]);
  });

  test('pods run as a numeric user that is not root, with the default seccomp profile', () => {
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

  test('containers cannot write to their root, gain privileges or keep a capability', () => {
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

  test('/tmp is an emptyDir with a size', () => {
    expect(
      collect(({ pod }) => {
        const tmp = pod.volumes?.find((volume) => volume.name === 'tmp');
        const mounted = containers(pod).every((c) => c.volumeMounts?.some((m) => m.mountPath === '/tmp'));
        return tmp?.emptyDir?.sizeLimit === undefined || !mounted;
      }, pods),
    ).toEqual([]);
  });

  test('no volume without a size is an emptyDir', () => {
    const unsized = pods.flatMap(({ pod }) =>
      (pod.volumes ?? []).filter((v) => v.emptyDir !== undefined && v.emptyDir.sizeLimit === undefined),
    );
    expect(unsized).toEqual([]);
  });

  test('every container has requests and limits of CPU and memory', () => {
    expect(
      collect(
        ({ pod }) =>
          containers(pod).some((c) =>
            ['cpu', 'memory'].some(
              (what) =>
                c.resources?.requests?.[what] === undefined || c.resources.limits?.[what] === undefined,
            ),
          ),
        pods,
      ),
    ).toEqual([]);
  });

  test("Node's heap is limited to between a third and four fifths of the container's memory", () => {
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

  test('images have a tag or a digest, and never latest', () => {
    const images = pods.flatMap(({ pod }) => containers(pod).map((c) => c.image));
    for (const image of images) {
      expect(image).toMatch(/(:[\w.-]+|@sha256:[0-9a-f]{64})$/u);
      expect(image).not.toMatch(/:latest$/u);
    }
  });

  test('api, worker, migrate and the cron jobs run one and the same image', () => {
    expect(new Set(own.flatMap(({ pod }) => containers(pod).map((c) => c.image))).size).toBe(1);
  });

  test('api and worker have startup, readiness and liveness probes, and liveness knows no database', () => {
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
  });

  test('the time to stop nests: preStop + deadline < grace period, and a chunk fits well below', () => {
    for (const { pod } of running) {
      const [container] = pod.containers;
      const deadline = Number(container?.env?.find((v) => v.name === 'SHUTDOWN_SECONDS')?.value);
      const preStop = container?.lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(deadline).toBeGreaterThanOrEqual(25);
      expect(preStop + deadline).toBeLessThan(pod.terminationGracePeriodSeconds ?? 30);
    }
  });

  test('the api pauses before it stops, so that endpoints forget it first', () => {
    const api = running.find((workload) => workload.name === 'Deployment/iit-api');
    expect(api?.pod.containers[0]?.lifecycle?.preStop?.sleep?.seconds).toBeGreaterThanOrEqual(5);
  });

  test('a roll-out takes no pod away before its successor is ready, and the autoscaler owns the count', () => {
    for (const { manifest } of running) {
      const spec = manifest.spec as {
        replicas?: number;
        strategy: { rollingUpdate: { maxUnavailable: number } };
      };
      expect(spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
      expect(spec.replicas).toBeUndefined();
    }
  });

  test('api and worker are spread over zones and nodes', () => {
    for (const { pod } of running) {
      expect(pod.topologySpreadConstraints?.map((constraint) => constraint.topologyKey)).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ]);
    }
  });

  test('disruption budgets leave a drain possible at the smallest count', () => {
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

  test('selectors of Deployments, Services, budgets and network policies match pods', () => {
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
    expect(selected.filter(({ selector }) => !matches(selector))).toEqual([]);
  });

  test('the network denies by default, both ways, and each opening names who, whom and which port', () => {
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
  });

  test('DNS, PostgreSQL, Redis and scraping are allowed, and migrations do not reach Redis', () => {
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

  test('cron jobs never overlap, have deadlines, a history and a time zone', () => {
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

  test('the migration is a Job with a deadline, and pods wait for no hand', () => {
    const spec = named('Job', 'iit-migrate')?.spec as { activeDeadlineSeconds: number; backoffLimit: number };
    expect(spec.activeDeadlineSeconds).toBeGreaterThan(0);
    expect(spec.backoffLimit).toBeGreaterThan(0);
  });

  test('secrets are placeholders, or come from a secret store', () => {
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

  test('every secret that a pod needs exists, as a Secret or as an ExternalSecret', () => {
    const given = new Set([...ofKind('Secret'), ...ofKind('ExternalSecret')].map((m) => m.metadata.name));
    const wanted = pods.flatMap(({ pod }) =>
      containers(pod).flatMap((c) => (c.envFrom ?? []).flatMap((from) => from.secretRef?.name ?? [])),
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((name) => !given.has(name))).toEqual([]);
  });

  test("only migrate, backup and retention hold the schema owner's secret", () => {
    const owners = own
      .filter(({ pod }) =>
        containers(pod).some((c) => c.envFrom?.some((f) => f.secretRef?.name === 'iit-database-owner')),
      )
      .map((workload) => workload.name);
    expect(owners.toSorted()).toEqual(['CronJob/iit-backup', 'CronJob/iit-retention', 'Job/iit-migrate']);
  });

  test('no secret value stands in a container specification', () => {
    const plain = pods.flatMap(({ pod }) =>
      containers(pod).flatMap((c) =>
        (c.env ?? []).filter(
          (v) => v.value !== undefined && /PASSWORD|SECRET|TOKEN|_KEY$|_URL$/u.test(v.name),
        ),
      ),
    );
    expect(plain.map((variable) => variable.name)).toEqual(['IIT_API_URL']);
  });

  test('the ingress speaks TLS for every host and shows neither metrics nor readiness', () => {
    const spec = named('Ingress', 'iit-api')?.spec as {
      tls: { hosts: string[] }[];
      rules: { host: string; http: { paths: { path: string; pathType: string }[] } }[];
    };
    const secured = spec.tls.flatMap((entry) => entry.hosts);
    expect(spec.rules.every((rule) => secured.includes(rule.host))).toBe(true);
    const open = spec.rules.flatMap((rule) => rule.http.paths);
    const reaches = (path: string) =>
      open.some((o) =>
        o.pathType === 'Exact' ? o.path === path : path === o.path || path.startsWith(`${o.path}/`),
      );
    expect(reaches('/v1/jobs')).toBe(true);
    expect(reaches('/metrics')).toBe(false);
    expect(reaches('/health/ready')).toBe(false);
  });

  test('only the migrate Job touches the models volume, and only its first step writes there', () => {
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

  test('one autoscaler owns each Deployment', () => {
    const owners = [...ofKind('HorizontalPodAutoscaler'), ...ofKind('ScaledObject')].map(
      (m) => (m.spec as { scaleTargetRef: { name: string } }).scaleTargetRef.name,
    );
    expect(owners.toSorted()).toEqual(['iit-api', 'iit-worker']);
    expect(ofKind('ScaledObject')).toHaveLength(overlay === 'keda' ? 1 : 0);
  });
});

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
