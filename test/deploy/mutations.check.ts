import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipWithout } from '#deploy/checks/tools.ts';
import { OVERLAYS, renderText } from './manifests.ts';
import { readMonitoring, monitoringRules } from './rules/monitoring-rules.ts';
import { composeMutants, dockerMutants } from './mutants/docker-mutants.ts';
import { kubernetesMutants } from './mutants/kubernetes-mutants.ts';
import { monitoringMutants } from './mutants/monitoring-mutants.ts';
import { mutate, type Mutant } from './mutants/mutant.ts';
import { terraformMutants } from './mutants/terraform-mutants.ts';
import { composeRules, readComposeFiles } from './rules/compose-rules.ts';
import { dockerRules, readImage } from './rules/docker-rules.ts';
import { kubernetesRules, readOverlay } from './rules/kubernetes-rules.ts';
import { type Rule, type Tree, treeOf } from './rules/rule.ts';
import { readScaling, scalingRules } from './rules/scaling-rules.ts';

const TIMEOUT_MS = 600_000;
const PLUGINS = process.env['TF_PLUGIN_DIR'] ?? '/opt/tf-plugins';
const AWS_PROVIDER = join(PLUGINS, 'registry.terraform.io/hashicorp/aws');
const caught = new Map<string, number>();
const scratch = mkdtempSync(join(tmpdir(), 'iit-mutants-'));

beforeAll(() => {
  for (const folder of ['k8s', 'monitoring']) cpSync(folder, join(scratch, folder), { recursive: true });
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
  const total = [...caught.values()].reduce((sum, count) => sum + count, 0);
  process.stderr.write(
    `mutants caught: ${[...caught].map((entry) => entry.join(' ')).join(', ')}; ${total} in all\n`,
  );
});

/** What the first rule that a subject breaks says; undefined where all hold. */
function firstFault<Subject>(rules: readonly Rule<Subject>[], read: () => Subject): string | undefined {
  let at = 'read';
  try {
    const subject = read();
    for (const { name, check } of rules) {
      at = name;
      check(subject);
    }
    return undefined;
  } catch (error) {
    return `${at}: ${(error as Error).message}`;
  }
}

function mutantTree(mutant: Mutant): Tree {
  return treeOf({ [mutant.file]: mutate(mutant, readFileSync(mutant.file, 'utf8')) });
}

/** The files on disk with one mutant among them, for as long as `body` runs. */
function onDisk<T>(mutant: Mutant, body: () => T): T {
  const file = join(scratch, mutant.file);
  const original = readFileSync(file, 'utf8');
  writeFileSync(file, mutate(mutant, original));
  try {
    return body();
  } finally {
    writeFileSync(file, original);
  }
}

function demandCaught(area: string, fault: string | undefined): void {
  expect(fault, 'no rule sees it').toBeDefined();
  if (process.env['SHOW_CATCHES'] !== undefined)
    process.stderr.write(`CAUGHT ${area}: ${fault?.slice(0, 150)}\n`);
  caught.set(area, (caught.get(area) ?? 0) + 1);
}

/** The untouched files by the same ways: what they break, a mutant would break too, and its catch would prove nothing. */
const NO_MUTANT: Mutant = { name: 'none', file: 'k8s/base/api.yaml', from: 'kind', to: 'kind' };

test('no mutant is there twice', () => {
  const all = [
    ...dockerMutants,
    ...composeMutants,
    ...kubernetesMutants,
    ...monitoringMutants,
    ...terraformMutants,
  ];
  const changes = all.map(({ file, from, to }) => `${file}\n${from}\n${to}`);
  expect(new Set(changes).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(120);
});

describe('Dockerfile', () => {
  test('untouched, nothing is caught', () => {
    expect(firstFault(dockerRules, () => readImage(treeOf()))).toBeUndefined();
  });

  test.each(dockerMutants)('$file: $name', (mutant) => {
    demandCaught(
      'docker',
      firstFault(dockerRules, () => readImage(mutantTree(mutant))),
    );
  });
});

describe('Compose', () => {
  test('untouched, nothing is caught', () => {
    expect(firstFault(composeRules, () => readComposeFiles(treeOf()))).toBeUndefined();
  });

  test.each(composeMutants)('$file: $name', (mutant) => {
    demandCaught(
      'compose',
      firstFault(composeRules, () => readComposeFiles(mutantTree(mutant))),
    );
  });
});

describe.skipIf(skipWithout('kubectl'))('Kubernetes', () => {
  const fault = (mutant: Mutant) => {
    const tree = mutantTree(mutant);
    return (
      firstFault(scalingRules, () => readScaling(tree)) ??
      onDisk(mutant, () => {
        for (const overlay of ['prod', 'dev', 'keda', 'gateway'] as const) {
          const found = firstFault(kubernetesRules, () =>
            readOverlay(overlay, renderText(overlay, scratch), tree),
          );
          if (found !== undefined) return found;
        }
        return undefined;
      })
    );
  };

  test('untouched, nothing is caught', () => expect(fault(NO_MUTANT)).toBeUndefined(), TIMEOUT_MS);

  test.each(kubernetesMutants)(
    '$file: $name',
    (mutant) => demandCaught('kubernetes', fault(mutant)),
    TIMEOUT_MS,
  );

  test('every overlay is among those that mutants are put to', () => {
    expect([...OVERLAYS].toSorted()).toEqual(['dev', 'gateway', 'keda', 'prod']);
  });
});

describe.skipIf(skipWithout('promtool') || skipWithout('amtool'))('monitoring', () => {
  const complaint = (command: string, ...args: string[]) => {
    const done = spawnSync(command, args, { encoding: 'utf8', cwd: scratch });
    return done.status === 0 ? undefined : `${done.stdout}${done.stderr}`;
  };
  const fault = (mutant: Mutant) => {
    const tests = readdirSync('monitoring/tests').map((name) => `monitoring/tests/${name}`);
    const route = ['config', 'routes', 'test', '--config.file=monitoring/alertmanager/alertmanager.yml'];
    // A changed rule differs from the operator's object too: that must not stand for the rule's own tests.
    const copied = (rule: { name: string }) => rule.name.startsWith('the Prometheus operator');
    const seen = monitoringRules.filter((rule) => copied(rule) === mutant.file.startsWith('k8s/'));
    return (
      firstFault(seen, () => readMonitoring(mutantTree(mutant))) ??
      onDisk(
        mutant,
        () =>
          complaint('amtool', ...route, '--verify.receivers=on-call', 'severity=page') ??
          complaint('promtool', 'test', 'rules', ...tests),
      )
    );
  };

  test(
    'untouched, nothing is caught',
    () =>
      expect(
        fault({ ...NO_MUTANT, file: 'monitoring/alerts.yml', from: 'alert', to: 'alert' }),
      ).toBeUndefined(),
    TIMEOUT_MS,
  );

  test.each(monitoringMutants)(
    '$file: $name',
    (mutant) => demandCaught('monitoring', fault(mutant)),
    TIMEOUT_MS,
  );
});

describe.skipIf(skipWithout('terraform') || !existsSync(AWS_PROVIDER))('Terraform', () => {
  const environment = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', TF_IN_AUTOMATION: '1' };
  const folder = join(scratch, 'terraform');
  const terraform = (...args: string[]) => {
    const done = spawnSync('terraform', args, { cwd: folder, env: environment, encoding: 'utf8' });
    return done.status === 0 ? undefined : `${done.stdout}${done.stderr}`;
  };

  beforeAll(() => {
    cpSync('terraform', folder, { recursive: true, filter: (file) => !file.includes('.terraform/') });
    // The one plan that has the assertions; the variants would cost a plan each.
    const plan = join(folder, 'tests', 'plan.tftest.hcl');
    writeFileSync(plan, readFileSync(plan, 'utf8').replace(/\nrun "arm64_by_digest"[\s\S]*$/u, ''));
    const init = ['init', '-backend=false', '-input=false', '-lockfile=readonly', `-plugin-dir=${PLUGINS}`];
    const complaint = terraform(...init);
    if (complaint !== undefined) throw new Error(complaint);
  }, TIMEOUT_MS);

  test(
    'untouched, nothing is caught',
    () => expect(terraform('test', '-no-color')).toBeUndefined(),
    TIMEOUT_MS,
  );

  test.each(terraformMutants)(
    '$file: $name',
    (mutant) =>
      demandCaught(
        'terraform',
        onDisk(mutant, () => terraform('test', '-no-color')),
      ),
    TIMEOUT_MS,
  );
});
