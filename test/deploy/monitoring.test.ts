import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { skipWithout } from '#deploy/checks/tools.ts';
import { monitoringRules, readMonitoring } from './rules/monitoring-rules.ts';
import { treeOf } from './rules/rule.ts';
import { dashboard, dashboardExpressions, rules, wantedMetrics } from './monitoring-files.ts';

const scratch = mkdtempSync(join(tmpdir(), 'iit-monitoring-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Everything printed by a program, and its complaint: empty when it ended well. */
function run(command: string, args: string[]): { output: string; complaint: string } {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  const output = `${done.stdout}${done.stderr}`;
  return { output, complaint: done.status === 0 ? '' : output };
}

const alerts = rules('alerts.yml');
const ruleTests = readdirSync('monitoring/tests').map((name) => `monitoring/tests/${name}`);

describe.skipIf(skipWithout('promtool'))('by promtool', () => {
  test('recording rules and alerts are valid and without lint', () => {
    expect(
      run('promtool', [
        'check',
        'rules',
        '--lint=all',
        '--lint-fatal',
        'monitoring/recording-rules.yml',
        'monitoring/alerts.yml',
      ]).complaint,
    ).toBe('');
  });

  test('the static configuration is valid', () => {
    expect(run('promtool', ['check', 'config', 'monitoring/prometheus.yml']).complaint).toBe('');
  });

  test('the Kubernetes configuration is valid, with its discovery replaced where promtool has none', () => {
    const file = 'monitoring/prometheus.kubernetes.yml';
    const direct = run('promtool', ['check', 'config', file]);
    const lacking = direct.output.includes('field kubernetes_sd_configs not found');
    if (lacking)
      process.stderr.write('NOTE: this promtool has no Kubernetes discovery; that block is not checked\n');
    const config = parse(readFileSync(file, 'utf8')) as {
      alerting: { alertmanagers: Record<string, unknown>[] };
      scrape_configs: Record<string, unknown>[];
      rule_files: string[];
    };
    config.rule_files = config.rule_files.map((name) => join(process.cwd(), 'monitoring', name));
    for (const block of [...config.scrape_configs, ...config.alerting.alertmanagers]) {
      if (delete block['kubernetes_sd_configs']) block['static_configs'] ??= [{ targets: ['localhost:1'] }];
    }
    const replaced = join(scratch, 'kubernetes.json');
    writeFileSync(replaced, JSON.stringify(config));
    expect((lacking ? run('promtool', ['check', 'config', replaced]) : direct).complaint).toBe('');
  });

  test.each(ruleTests)('%s passes', (file) => {
    expect(run('promtool', ['test', 'rules', file]).complaint).toBe('');
  });

  test('every expression of the dashboard is valid PromQL', () => {
    const file = join(scratch, 'dashboard.json');
    const records = dashboardExpressions().map((expr, index) => ({
      record: `dashboard:expression:${index}`,
      expr,
    }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: records }] }));
    expect(records.length).toBeGreaterThan(25);
    expect(run('promtool', ['check', 'rules', file]).complaint).toBe('');
  });
});

describe.skipIf(skipWithout('amtool'))('by amtool', () => {
  const config = '--config.file=monitoring/alertmanager/alertmanager.yml';

  test('the Alertmanager example is valid', () => {
    expect(run('amtool', ['check-config', 'monitoring/alertmanager/alertmanager.yml']).complaint).toBe('');
  });

  test.each([
    ['page', 'on-call'],
    ['ticket', 'tickets'],
  ])('severity %s goes to %s', (severity, receiver) => {
    const routed = run('amtool', ['config', 'routes', 'test', config, `severity=${severity}`]);
    expect(routed.output.split('\n')).toContain(receiver);
  });
});

test.each(monitoringRules)('$name', ({ check }) => check(readMonitoring(treeOf())));

type RuleTest = {
  tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
};

test('every alert has a promtool test in which it fires and one in which it does not', () => {
  const cases = ruleTests.flatMap((file) =>
    (parse(readFileSync(file, 'utf8')) as RuleTest).tests.flatMap((entry) => entry.alert_rule_test),
  );
  const lacking = alerts.flatMap(({ alert }) => {
    const own = cases.filter((entry) => entry.alertname === alert);
    const fires = own.some((entry) => entry.exp_alerts.length > 0);
    const quiet = own.some((entry) => entry.exp_alerts.length === 0);
    return fires && quiet ? [] : [alert];
  });
  expect(lacking).toEqual([]);
  expect(alerts.length).toBeGreaterThan(20);
});

test('every runbook belongs to an alert and says what it means, what to look at, what to do and when it is over', () => {
  const used = new Set(alerts.map((rule) => rule.annotations?.['runbook']));
  const files = readdirSync('docs/runbooks').filter((name) => name !== 'README.md');
  expect(files.filter((name) => !used.has(`docs/runbooks/${name}`))).toEqual([]);
  const headings = ['## What it means', '## Look first', '## Do', '## It is over when'];
  const incomplete = files.filter((name) => {
    const text = readFileSync(`docs/runbooks/${name}`, 'utf8');
    return headings.some((heading) => !text.includes(heading));
  });
  expect(incomplete).toEqual([]);
});

test('links between runbooks lead somewhere', () => {
  const broken = readdirSync('docs/runbooks').flatMap((name) =>
    [...readFileSync(`docs/runbooks/${name}`, 'utf8').matchAll(/\]\(([\w-]+\.md)\)/gu)]
      .map((match) => match[1] ?? '')
      .filter((target) => !existsSync(`docs/runbooks/${target}`)),
  );
  expect(broken).toEqual([]);
});

test('no rule and no panel groups by a label without bounds', () => {
  const all = [...alerts, ...rules('recording-rules.yml')]
    .map((rule) => rule.expr)
    .concat(dashboardExpressions());
  expect(all.filter((expr) => /patient|job_id|chunk_no|request_id/u.test(expr))).toEqual([]);
});

test('the dashboard has a fixed uid, a data source variable, and a unit and a description on every panel', () => {
  const { uid, templating, panels } = dashboard();
  expect(uid).toBe('iit-ml-service');
  expect(templating.list.some((variable) => variable.type === 'datasource')).toBe(true);
  const faults = panels.filter(
    (panel) =>
      panel.type !== 'row' &&
      (!panel.description ||
        !panel.fieldConfig?.defaults.unit ||
        panel.datasource?.uid !== '${datasource}' ||
        (panel.targets ?? []).some((target) => target.datasource.uid !== '${datasource}')),
  );
  expect(faults.map((panel) => panel.title)).toEqual([]);
  expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
});

test("the dashboard's rates use Grafana's own interval", () => {
  const rates = dashboard().panels.flatMap((panel) => (panel.targets ?? []).map((target) => target.expr));
  expect(
    rates.filter((expr) => /\b(rate|irate)\(/u.test(expr) && !expr.includes('$__rate_interval')),
  ).toEqual([]);
});

test('the metrics that are read have names of ours or of the process', () => {
  const strange = wantedMetrics().filter((name) => !/^(iit|process|nodejs)_/u.test(name));
  expect(strange).toEqual([]);
  expect(wantedMetrics()).toContain('iit_chunk_duration_seconds_bucket');
});
