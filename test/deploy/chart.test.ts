import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { renderTemplate, type Scope } from '#deploy/checks/helm/render-chart.ts';
import { chartFiles } from '#deploy/checks/helm/write-chart.ts';
import { hasTool, skipWithout } from '#deploy/checks/tools.ts';
import { type Manifest, renderText } from './manifests.ts';

const CHART = 'k8s/chart';
const read = (file: string) => readFileSync(`${CHART}/${file}`, 'utf8');
const files = readdirSync(CHART, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
);
const values = () => parse(read('values.yaml')) as Scope['Values'];
const release = { Name: 'prod', Namespace: 'iit-ml-service', Service: 'Helm', Revision: 1 };

/** Every object that the chart makes of some values. */
function rendered(changed: Scope['Values']): Manifest[] {
  return files
    .filter((name) => name.startsWith('templates/'))
    .map((name) => renderTemplate(read(name), { Values: changed, Release: release }))
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest | null))
    .filter((manifest) => manifest !== null);
}

/** What Helm and kustomize name in ways of their own, made one. */
function comparable(manifests: Manifest[]): Record<string, unknown> {
  const text = JSON.stringify(manifests)
    .replaceAll(/iit-config-\w+/gu, 'iit-config')
    .replaceAll('iit-migrate-1"', 'iit-migrate"')
    .replaceAll('"app.kubernetes.io/managed-by":"kustomize"', '"app.kubernetes.io/managed-by":"Helm"')
    .replaceAll(/,"annotations":\{"checksum\/config":"\w{64}"\}/gu, '');
  const all = (JSON.parse(text) as Manifest[]).filter((manifest) => manifest.kind !== 'Namespace');
  return Object.fromEntries(all.map((manifest) => [`${manifest.kind}/${manifest.metadata.name}`, manifest]));
}

describe.skipIf(skipWithout('kubectl'))('the Helm chart', () => {
  const overlay = () => renderText('prod');
  const fromKustomize = () => parseAllDocuments(overlay()).map((document) => document.toJS() as Manifest);

  test('is what npm run write:chart makes of the prod overlay', () => {
    const wanted = chartFiles(overlay());
    expect(files.toSorted()).toEqual(Object.keys(wanted).toSorted());
    for (const [name, text] of Object.entries(wanted)) expect(read(name), name).toBe(text);
  });

  test('renders to the objects that kustomize makes', () => {
    const objects = comparable(rendered(values()));
    expect(Object.keys(objects).length).toBeGreaterThan(35);
    expect(objects).toEqual(comparable(fromKustomize()));
  });

  test('needs no CRD where External Secrets and monitoring are turned off', () => {
    const plain = { ...values(), externalSecrets: { enabled: false }, monitoring: { enabled: false } };
    const groups = new Set(rendered(plain).map((manifest) => manifest.apiVersion.split('/')[0]));
    expect(groups).toEqual(new Set(['apps', 'autoscaling', 'batch', 'networking.k8s.io', 'policy', 'v1']));
  });

  test('a value goes everywhere where it belongs, and a changed setting rolls the pods', () => {
    const checksum = (manifests: Manifest[]) =>
      /"checksum\/config":"(\w{64})"/u.exec(JSON.stringify(manifests))?.[1];
    const before = rendered(values());
    const changed = values();
    changed['image'] = { repository: 'registry.example.org/iit', tag: '9.9.9' };
    changed['config'] = { ...(changed['config'] as object), LOG_LEVEL: 'debug' };
    const after = rendered(changed);
    const images = JSON.stringify(after).match(/"image":"[^"]+"/gu) ?? [];
    expect(new Set(images)).toEqual(new Set(['"image":"registry.example.org/iit:9.9.9"']));
    expect(checksum(after)).not.toBe(checksum(before));
  });

  test.skipIf(!hasTool('helm'))('renders by helm itself to the same', () => {
    const args = ['template', 'prod', CHART, '--namespace', 'iit-ml-service'];
    const text = execFileSync('helm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 });
    const all = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
    expect(comparable(all.filter((manifest) => manifest !== null))).toEqual(comparable(fromKustomize()));
  });
});

describe('the renderer of templates', () => {
  const scope: Scope = {
    Values: { a: { b: 'x' }, on: true, off: false, map: { z: 1, y: [2] } },
    Release: { Name: 'r' },
  };

  test.each([
    ['{{ .Values.a.b }}-{{ .Release.Name }}', 'x-r'],
    ['a: {{ .Values.a.b | quote }}', 'a: "x"'],
    ['{{- if .Values.on }}\nyes\n{{- end }}\n', '\nyes\n'],
    ['{{ if .Values.off }}yes{{ else }}no{{ end }}', 'no'],
    ['map:{{- toYaml .Values.map | nindent 2 }}', 'map:\n  z: 1\n  y:\n    - 2'],
    ['{{ .Values.map | toJson }}', '{"y":[2],"z":1}'],
    ['{{ "{{" }} $value {{ "}}" }}', '{{ $value }}'],
  ])('%s', (text, expected) => {
    expect(renderTemplate(text, scope)).toBe(expected);
  });

  test.each([
    '{{ .Values.none }}',
    '{{ range .Values.map }}{{ end }}',
    '{{ if .Values.on }}',
    '{{ .Values.map }}',
    '{{ include "x" . }}',
  ])('refuses %s, which it would not understand', (text) => {
    expect(() => renderTemplate(text, scope)).toThrow(/not understood|no value|without an end|toYaml/u);
  });
});
