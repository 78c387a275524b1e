import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';

const CHART = 'k8s/chart';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Manifest = {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
} & { [key: string]: Json };

/** Kinds that are only wanted where something of the cluster's is there, and the value that says so. */
const SWITCHES: Record<string, string> = {
  Ingress: 'ingress.enabled',
  ExternalSecret: 'externalSecrets.enabled',
  ServiceMonitor: 'monitoring.enabled',
  PrometheusRule: 'monitoring.enabled',
};

/**
 * A Helm chart out of what kustomize makes of the prod overlay: the same objects, with values where an installation differs.
 * Kustomize stays the source; the chart is written by `npm run write:chart`, and a test renders it back and compares.
 * The ConfigMap keeps one name and its content's digest stands on the pods; the migration's Job is named by the revision,
 * because a Job cannot be changed. The namespace is Helm's (`--create-namespace`).
 */
export function chartFiles(rendered: string): Record<string, string> {
  const manifests = parseAllDocuments(rendered).map((document) => document.toJS() as Manifest);
  const find = (kind: string, name: string) => {
    const found = manifests.find((m) => m.kind === kind && m.metadata.name.startsWith(name));
    if (found === undefined) throw new Error(`The overlay has no ${kind} ${name}.`);
    return found;
  };
  const image = /image: (\S+?)\s/u.exec(rendered)?.[1] ?? '';
  const tag = image.slice(image.lastIndexOf(':') + 1);
  const configName = find('ConfigMap', 'iit-config').metadata.name;
  const hpa = (name: string) => at(find('HorizontalPodAutoscaler', name), 'spec');
  const container = (name: string) =>
    at(find('Deployment', name), 'spec', 'template', 'spec', 'containers', 0);
  const values = {
    image: { repository: image.slice(0, image.lastIndexOf(':')), tag },
    config: find('ConfigMap', 'iit-config')['data'],
    api: {
      minReplicas: at(hpa('iit-api'), 'minReplicas'),
      maxReplicas: at(hpa('iit-api'), 'maxReplicas'),
      resources: at(container('iit-api'), 'resources'),
    },
    worker: {
      minReplicas: at(hpa('iit-worker'), 'minReplicas'),
      maxReplicas: at(hpa('iit-worker'), 'maxReplicas'),
      resources: at(container('iit-worker'), 'resources'),
    },
    ingress: {
      enabled: true,
      className: at(find('Ingress', 'iit-api'), 'spec', 'ingressClassName'),
      host: at(find('Ingress', 'iit-api'), 'spec', 'rules', 0, 'host'),
    },
    dataStores: {
      cidr: at(find('NetworkPolicy', 'allow-redis'), 'spec', 'egress', 0, 'to', 0, 'ipBlock', 'cidr'),
    },
    cohorts: { storageClass: at(find('PersistentVolumeClaim', 'iit-cohorts'), 'spec', 'storageClassName') },
    checkpoints: {
      storageClass: at(find('PersistentVolumeClaim', 'iit-checkpoints'), 'spec', 'storageClassName'),
    },
    schedules: Object.fromEntries(
      ['nightly', 'backup', 'retention'].map((name) => [
        name,
        at(find('CronJob', `iit-${name}`), 'spec', 'schedule'),
      ]),
    ),
    externalSecrets: {
      enabled: true,
      store: at(find('ExternalSecret', 'iit-database'), 'spec', 'secretStoreRef', 'name'),
    },
    monitoring: { enabled: true },
  };
  const chart = {
    apiVersion: 'v2',
    name: 'iit-ml-service',
    description: 'Scores cohorts of patients on ART for the risk of interruption in treatment',
    type: 'application',
    version: tag,
    appVersion: tag,
    kubeVersion: '>=1.30.0-0',
  };
  const files: Record<string, string> = {
    'Chart.yaml': `# Written by npm run write:chart out of k8s/overlays/prod; change it there.\n${stringify(chart)}`,
    'values.yaml': `# Written by npm run write:chart out of k8s/overlays/prod.\n${stringify(values)}`,
  };
  for (const manifest of manifests) {
    if (manifest.kind === 'Namespace') continue;
    const name = manifest.metadata.name === configName ? 'iit-config' : manifest.metadata.name;
    files[`templates/${manifest.kind.toLowerCase()}-${name}.yaml`] = template(manifest, {
      image,
      configName,
      values,
    });
  }
  return files;
}

type Known = { image: string; configName: string; values: Record<string, unknown> };

/** One manifest as a template: braces of its own kept apart, then values where an installation differs. */
function template(manifest: Manifest, { image, configName }: Known): string {
  const marks = new Map<string, string>();
  const mark = (action: string): string => {
    const name = `MARK${marks.size}MARK`;
    marks.set(name, action);
    return name;
  };
  const value = (path: string) => mark(`{{ .Values.${path} }}`);
  const block = (path: string, indent: number) => mark(`{{- toYaml .Values.${path} | nindent ${indent} }}`);
  const copy = structuredClone(manifest);
  relabel(copy, (label, text) => {
    if (label === 'app.kubernetes.io/version' && text === image.slice(image.lastIndexOf(':') + 1))
      return mark('{{ .Values.image.tag | quote }}');
    if (label === 'app.kubernetes.io/instance') return mark('{{ .Release.Name }}');
    if (label === 'app.kubernetes.io/managed-by') return mark('{{ .Release.Service }}');
    return text;
  });
  copy.metadata.namespace = mark('{{ .Release.Namespace }}');
  const set = (path: (string | number)[], text: Json) => put(copy, path, text);
  const { kind } = copy;
  const { name } = copy.metadata;
  if (kind === 'ConfigMap') {
    copy.metadata.name = 'iit-config';
    copy['data'] = block('config', 2);
  }
  if (kind === 'Job') copy.metadata.name = mark('iit-migrate-{{ .Release.Revision }}');
  if (kind === 'HorizontalPodAutoscaler') {
    const short = name.replace('iit-', '');
    set(['spec', 'minReplicas'], value(`${short}.minReplicas`));
    set(['spec', 'maxReplicas'], value(`${short}.maxReplicas`));
  }
  if (kind === 'Deployment') {
    const short = name.replace('iit-', '');
    set(['spec', 'template', 'spec', 'containers', 0, 'resources'], block(`${short}.resources`, 12));
    set(['spec', 'template', 'metadata', 'annotations'], {
      'checksum/config': mark('{{ .Values.config | toJson | sha256sum }}'),
    });
  }
  if (kind === 'Ingress') {
    set(['spec', 'ingressClassName'], value('ingress.className'));
    set(['spec', 'rules', 0, 'host'], value('ingress.host'));
    set(['spec', 'tls', 0, 'hosts', 0], value('ingress.host'));
  }
  if (kind === 'NetworkPolicy' && /^allow-(postgresql|redis)$/u.test(name))
    set(['spec', 'egress', 0, 'to', 0, 'ipBlock', 'cidr'], value('dataStores.cidr'));
  if (kind === 'PersistentVolumeClaim' && /^iit-(?:cohorts|checkpoints)$/u.test(name))
    set(['spec', 'storageClassName'], value(`${name.replace('iit-', '')}.storageClass`));
  if (kind === 'ServiceMonitor')
    set(['spec', 'namespaceSelector', 'matchNames', 0], mark('{{ .Release.Namespace }}'));
  if (kind === 'CronJob')
    set(['spec', 'schedule'], mark(`{{ .Values.schedules.${name.replace('iit-', '')} | quote }}`));
  if (kind === 'ExternalSecret') set(['spec', 'secretStoreRef', 'name'], value('externalSecrets.store'));
  let text = stringify(copy, { lineWidth: 0 })
    .replaceAll(configName, 'iit-config')
    .replaceAll(`image: ${image}`, 'image: IMAGEMARK')
    .replaceAll(/\{\{|\}\}/gu, (braces) => `{{ "${braces}" }}`);
  for (const [name_, action] of marks)
    text = text.replaceAll(new RegExp(`(?:"${name_}"| ${name_}\\b|${name_}\\b)`, 'gu'), (found) =>
      found.startsWith(' ') && !action.startsWith('{{-') ? ` ${action}` : action,
    );
  text = text.replaceAll('IMAGEMARK', '{{ .Values.image.repository }}:{{ .Values.image.tag }}');
  const condition = SWITCHES[kind];
  return condition === undefined ? text : `{{- if .Values.${condition} }}\n${text}{{- end }}\n`;
}

function relabel(node: Json, change: (label: string, text: string) => string): void {
  if (Array.isArray(node)) for (const each of node) relabel(each, change);
  else if (node !== null && typeof node === 'object') {
    for (const [key, inner] of Object.entries(node)) {
      if (typeof inner === 'string' && key.startsWith('app.kubernetes.io/')) node[key] = change(key, inner);
      else relabel(inner, change);
    }
  }
}

function at(node: Json, ...path: (string | number)[]): Json {
  return path.reduce<Json>((inner, key) => (inner as Record<string | number, Json>)[key] ?? null, node);
}

function put(node: Json, path: (string | number)[], text: Json): void {
  const parent = at(node, ...path.slice(0, -1)) as Record<string | number, Json>;
  parent[path.at(-1) ?? ''] = text;
}

if (import.meta.main) {
  const rendered = execFileSync('kubectl', ['kustomize', 'k8s/overlays/prod'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  });
  rmSync(CHART, { recursive: true, force: true });
  for (const [name, text] of Object.entries(chartFiles(rendered))) {
    mkdirSync(dirname(join(CHART, name)), { recursive: true });
    writeFileSync(join(CHART, name), text);
  }
}
