import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

export const OVERLAYS = ['dev', 'prod', 'keda', 'gateway'] as const;
export type Overlay = (typeof OVERLAYS)[number];

export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
};

export type Container = {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  ports?: { name: string; containerPort: number }[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
  envFrom?: { secretRef?: { name: string }; configMapRef?: { name: string } }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: Record<string, unknown> & { capabilities?: { drop?: string[] } };
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
};

type Probe = { httpGet?: { path: string; port: string | number } };

export type PodSpec = {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext?: Record<string, unknown> & { seccompProfile?: { type: string } };
  topologySpreadConstraints?: { topologyKey: string }[];
  initContainers?: Container[];
  containers: Container[];
  volumes?: {
    name: string;
    emptyDir?: { sizeLimit?: string };
    persistentVolumeClaim?: { claimName: string };
  }[];
};

export type Workload = { manifest: Manifest; name: string; labels: Record<string, string>; pod: PodSpec };

type Template = { metadata?: { labels?: Record<string, string> }; spec: PodSpec };

/** What `kubectl kustomize` makes of an overlay; needs kubectl, no cluster. */
export function render(overlay: Overlay): Manifest[] {
  return parseAllDocuments(renderText(overlay)).map((document) => document.toJS() as Manifest);
}

/** The same as YAML; `root` holds another `k8s/`. @throws when kustomize refuses it. */
export function renderText(overlay: Overlay, root = '.'): string {
  return execFileSync('kubectl', ['kustomize', `${root}/k8s/overlays/${overlay}`], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Every manifest that makes pods, with its pod's specification. */
export function workloads(manifests: Manifest[]): Workload[] {
  return manifests.flatMap((manifest) => {
    const template = podTemplate(manifest);
    if (template === undefined) return [];
    const name = `${manifest.kind}/${manifest.metadata.name}`;
    return [{ manifest, name, labels: template.metadata?.labels ?? {}, pod: template.spec }];
  });
}

function podTemplate(manifest: Manifest): Template | undefined {
  if (['Deployment', 'StatefulSet', 'DaemonSet', 'Job'].includes(manifest.kind)) {
    return manifest.spec?.['template'] as Template;
  }
  if (manifest.kind === 'CronJob') {
    return (manifest.spec?.['jobTemplate'] as { spec: { template: Template } } | undefined)?.spec.template;
  }
  return undefined;
}

export function containers(pod: PodSpec): Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** Bytes of a Kubernetes quantity such as `768Mi`. */
export function bytes(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi)?$/u.exec(quantity);
  if (match === null) throw new Error(`not a quantity that this reads: ${quantity}`);
  const unit = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 }[match[2] ?? ''] ?? 1;
  return Number(match[1]) * unit;
}
