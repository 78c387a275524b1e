import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipWithout } from '#deploy/checks/tools.ts';
import { render, OVERLAYS, type Manifest } from './manifests.ts';

type Validated = { validate(): void };
type ModelClass = new (data: unknown) => Validated;

/** Where the type and the schema of an apiVersion and kind come from. */
function sources(manifest: Manifest): { types: string; models: string } {
  const [group = '', version] = manifest.apiVersion.includes('/')
    ? manifest.apiVersion.split('/')
    : ['core', manifest.apiVersion];
  const crds: Record<string, string> = {
    'keda.sh': '@kubernetes-models/keda',
    'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
    'external-secrets.io': '@kubernetes-models/external-secrets',
    'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  };
  const crd = crds[group];
  if (crd !== undefined) return { types: '', models: `${crd}/${group}/${version}` };
  const models = group === 'core' ? `kubernetes-models/${version}` : `kubernetes-models/${group}/${version}`;
  return { types: `kubernetes-types/${group.replace('.k8s.io', '')}/${version}`, models };
}

/** One TypeScript file in which every manifest is a literal of its own type: a field that is unknown is an error. */
function asTypeScript(manifests: Manifest[]): string {
  return manifests
    .map((manifest, index) => {
      const { types, models } = sources(manifest);
      const literal = JSON.stringify(manifest, null, 1);
      if (types !== '') {
        return `import type { ${manifest.kind} as T${index} } from '${types}';\nexport const m${index}: T${index} = ${literal};`;
      }
      return `import type { I${manifest.kind} as T${index} } from '${models}';\nexport const m${index}: T${index} = ${literal};`;
    })
    .join('\n');
}

describe.skipIf(skipWithout('kubectl'))('rendered manifests', () => {
  const folder = join('node_modules', '.cache', `k8s-types-${process.pid}`);
  const rendered = new Map<string, Manifest[]>();

  beforeAll(() => {
    for (const overlay of OVERLAYS) rendered.set(overlay, render(overlay));
    mkdirSync(folder, { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const compile = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          module: 'esnext',
          moduleResolution: 'bundler',
          target: 'es2024',
          types: [],
          noEmit: true,
          skipLibCheck: true,
        },
        files: Object.keys(files),
      }),
    );
    return spawnSync('node_modules/.bin/tsc', ['-p', folder], { encoding: 'utf8' }).stdout;
  };

  test.each(OVERLAYS)('%s: every value fits its schema', async (overlay) => {
    const faults: string[] = [];
    for (const manifest of rendered.get(overlay) ?? []) {
      const name = `${manifest.kind} ${manifest.metadata.name}`;
      try {
        const module = (await import(sources(manifest).models)) as Record<string, ModelClass>;
        const Model = module[manifest.kind];
        if (Model === undefined) faults.push(`${name}: ${manifest.apiVersion} does not know this kind`);
        else new Model(manifest).validate();
      } catch (error) {
        faults.push(`${name}: ${String(error)}`);
      }
    }
    expect(faults).toEqual([]);
  });

  test('no manifest has a field that its type does not know', () => {
    const files = Object.fromEntries(
      [...rendered].map(([overlay, manifests]) => [`${overlay}.ts`, asTypeScript(manifests)]),
    );
    expect(compile(files)).toBe('');
  });

  test('the check sees a misspelt field and a value of the wrong type', () => {
    const manifests = structuredClone(rendered.get('prod') ?? []);
    const [api, worker] = manifests.filter((manifest) => manifest.kind === 'HorizontalPodAutoscaler');
    if (api?.spec === undefined || worker?.spec === undefined) throw new Error('prod has two autoscalers');
    api.spec['minReplica'] = 2;
    worker.spec['maxReplicas'] = 'ten';
    const output = compile({ 'spoiled.ts': asTypeScript(manifests) });
    expect(output).toContain('minReplica');
    expect(output).toMatch(/'string' is not assignable to type 'number'/u);
  });
});
