import { expect } from 'vitest';
import { parse } from 'yaml';
import { prometheusRule } from '#deploy/checks/write-prometheus-rule.ts';
import type { Rule as MonitoringRule } from '../monitoring-files.ts';
import { ruleBook, type Tree } from './rule.ts';

export type Monitoring = { tree: Tree; alerts: MonitoringRule[]; recorded: MonitoringRule[] };

export function readMonitoring(tree: Tree): Monitoring {
  const rulesOf = (file: string) =>
    (parse(tree.read(`monitoring/${file}`)) as { groups: { rules: MonitoringRule[] }[] }).groups.flatMap(
      (group) => group.rules,
    );
  return { tree, alerts: rulesOf('alerts.yml'), recorded: rulesOf('recording-rules.yml') };
}

const { rules, rule } = ruleBook<Monitoring>();
export const monitoringRules = rules;

rule('every alert has a severity, a summary and a runbook that names it', ({ alerts, tree }) => {
  const faults = alerts.filter(({ alert, labels, annotations }) => {
    const runbook = annotations?.['runbook'] ?? '';
    const complete =
      /^(page|ticket)$/u.test(labels?.['severity'] ?? '') && annotations?.['summary'] !== undefined;
    return !complete || !tree.exists(runbook) || !tree.read(runbook).includes(`\`${alert}\``);
  });
  expect(faults.map((entry) => entry.alert)).toEqual([]);
});

rule('recorded names are level:metric:operation', ({ recorded }) => {
  for (const { record } of recorded) expect(record).toMatch(/^[a-z]+:[a-z_]+:[a-z0-9_]+$/u);
});

rule("the metric that scales the workers is recorded by the adapter's own query", ({ recorded }) => {
  const outstanding = recorded.find((entry) => entry.record === 'service:iit_outstanding_chunks:max');
  expect(outstanding?.expr).toBe('sum(max by (queue, state) (iit_queue_depth{state=~"pending|leased"}))');
});

rule(
  "the Prometheus operator's object says the same as monitoring/ (npm run write:prometheus-rule)",
  ({ tree }) => {
    const text = prometheusRule((path) => tree.read(path));
    expect(parse(tree.read('k8s/components/monitoring/prometheus-rule.yaml'))).toEqual(parse(text));
  },
);
