import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { whyNoEngine } from './containers/engine.ts';
import { skipWithout, type Tool } from './tools.ts';

/**
 * Runs every check of the deployment that needs no cloud, in order, and says what became of each: ok, FAIL, or
 * SKIP with the name of what is missing. Ends with 1 when one failed.
 */
type Check = {
  name: string;
  needs?: Tool[];
  /** What else has to be there; a reason to skip, or undefined. */
  unless?: () => string | undefined;
  steps: string[][];
  cwd?: string;
  environment?: Record<string, string>;
};

/** Where the AWS provider lies on disk: `registry.terraform.io/hashicorp/aws` below it. */
const PLUGINS = process.env['TF_PLUGIN_DIR'] ?? '/opt/tf-plugins';

/** How a step says that this machine cannot do it; the reason is in its output. */
const SKIP_CODE = 77;
const UNABLE = 'this machine cannot; see above';

const { values } = parseArgs({ options: { long: { type: 'boolean', default: false } } });

const scratch = mkdtempSync(path.join(tmpdir(), 'iit-terraform-'));
const terraform = path.join(scratch, 'terraform');
cpSync('terraform', terraform, { recursive: true, filter: (file) => !file.includes('.terraform/') });

const vitest = (...files: string[]) => [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...files];
const unit = (name: string) => `test/deploy/${name}.test.ts`;

const checks: Check[] = [
  {
    name: 'terraform: formatted, valid, five plans asserted against a mocked provider',
    needs: ['terraform'],
    unless: () =>
      existsSync(path.join(PLUGINS, 'registry.terraform.io/hashicorp/aws'))
        ? undefined
        : `the AWS provider is not in ${PLUGINS} (TF_PLUGIN_DIR)`,
    cwd: terraform,
    environment: { TF_CLI_CONFIG_FILE: '/dev/null', TF_IN_AUTOMATION: '1' },
    steps: [
      ['terraform', 'fmt', '-check', '-recursive'],
      ['terraform', 'init', '-backend=false', '-input=false', '-lockfile=readonly', `-plugin-dir=${PLUGINS}`],
      ['terraform', 'validate', '-no-color'],
      ['terraform', 'test', '-no-color'],
    ],
  },
  {
    name: 'terraform: the example of production.tfvars fits the variables',
    steps: [vitest(unit('terraform-example'))],
  },
  {
    name: 'kubernetes: schema, unknown fields, policies',
    needs: ['kubectl'],
    steps: [vitest(unit('k8s-policies'), unit('k8s-schema'))],
  },
  {
    name: 'autoscaler: formula over traces, HPA = KEDA = Fargate',
    steps: [vitest(unit('hpa'), unit('scaling'))],
  },
  { name: 'docker: Dockerfile, compose files, secrets', steps: [vitest(unit('docker'), unit('lockfile'))] },
  {
    name: 'monitoring: rules, alerts both ways, dashboard, routing, runbooks',
    needs: ['promtool', 'amtool'],
    steps: [vitest(unit('monitoring'))],
  },
  { name: 'documents: every command exists, every link leads somewhere', steps: [vitest(unit('documents'))] },
  {
    name: 'live: /metrics, the replayed image, operators’ scripts on a real PostgreSQL and Redis',
    steps: [
      vitest(
        'test/deploy/live-metrics.int.test.ts',
        'test/deploy/image.int.test.ts',
        'test/deploy/ops.int.test.ts',
        'test/deploy/rolling-update.int.test.ts',
      ),
    ],
  },
  {
    name: 'restore drill',
    needs: ['moto_server'],
    steps: [[process.execPath, 'deploy/checks/drill-restore.ts']],
  },
  ...(values.long
    ? [
        {
          name: 'mutants: what deploys with a fault in it, each caught by one of the rules above',
          needs: ['kubectl' as const, 'promtool' as const, 'amtool' as const, 'terraform' as const],
          steps: [vitest('--config', 'test/deploy/vitest.config.ts')],
        },
        {
          name: 'real containers: built by both builders, up, killed, rolled forth and back, backed up, restored, down',
          unless: whyNoEngine,
          steps: [[process.execPath, 'deploy/checks/containers/drill.ts']],
        },
        {
          name: 'autoscaler on real processes',
          needs: ['prometheus' as const],
          steps: [[process.execPath, 'deploy/checks/autoscale-local.ts']],
        },
      ]
    : []),
];

const outcomes: { name: string; outcome: 'ok' | 'FAIL' | 'SKIP'; seconds: number; detail: string }[] = [];
try {
  for (const check of checks) {
    process.stderr.write(`\n== ${check.name}\n`);
    const began = performance.now();
    const reason = missing(check);
    const detail = reason ?? (await failingStep(check)) ?? '';
    const skipped = reason !== undefined || detail === UNABLE;
    const outcome = skipped ? 'SKIP' : detail === '' ? 'ok' : 'FAIL';
    outcomes.push({ name: check.name, outcome, detail, seconds: (performance.now() - began) / 1_000 });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write('\n');
for (const { name, outcome, seconds, detail } of outcomes) {
  process.stdout.write(
    `${outcome.padEnd(4)} ${name} (${seconds.toFixed(1)} s)${detail === '' ? '' : ` — ${detail}`}\n`,
  );
}
const count = (outcome: string) => outcomes.filter((entry) => entry.outcome === outcome).length;
process.stdout.write(`\n${count('ok')} ok, ${count('FAIL')} failed, ${count('SKIP')} skipped\n`);
if (count('FAIL') > 0) process.exitCode = 1;

function missing({ needs = [], unless }: Check): string | undefined {
  const absent = needs.filter((tool) => skipWithout(tool));
  if (absent.length > 0) return `${absent.join(', ')} is not installed`;
  return unless?.();
}

/** The first step that ends badly, or undefined. Its output goes to the terminal. */
async function failingStep({ steps, cwd, environment }: Check): Promise<string | undefined> {
  for (const [program = '', ...args] of steps) {
    const child = spawn(program, args, {
      cwd: cwd ?? process.cwd(),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 2, 2],
    });
    const code = await new Promise<number | string>((resolve) => {
      child.once('exit', (status, signal) => resolve(status ?? signal ?? 'unknown'));
      child.once('error', (error) => resolve(error.message));
    });
    if (code === SKIP_CODE) return UNABLE;
    if (code !== 0) return `${[path.basename(program), ...args].slice(0, 3).join(' ')} ended with ${code}`;
  }
  return undefined;
}
