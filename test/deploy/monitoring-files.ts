import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export type Rule = {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};

type RuleFile = { groups: { name: string; rules: Rule[] }[] };

type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: { expr: string; datasource: { uid: string } }[];
};

export type Dashboard = {
  uid: string;
  templating: { list: { name: string; type: string; definition?: string }[] };
  panels: Panel[];
};

export function rules(file: 'alerts.yml' | 'recording-rules.yml'): Rule[] {
  const { groups } = parse(readFileSync(`monitoring/${file}`, 'utf8')) as RuleFile;
  return groups.flatMap((group) => group.rules);
}

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync('monitoring/grafana/grafana-dashboard.json', 'utf8')) as Dashboard;
}

/** Every PromQL expression of the dashboard, Grafana's variables replaced by values. */
export function dashboardExpressions(): string[] {
  return dashboard().panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) =>
      target.expr.replaceAll('$__rate_interval', '1m').replaceAll('$route', '.*'),
    ),
  );
}

/** Metrics that other exporters bring, or Prometheus itself. */
const FOREIGN = /^(up|kube_.*)$/u;

/** The metrics that rules, dashboard and the adapter read from our own `/metrics`, by the name of the family. */
export function wantedMetrics(): string[] {
  const recorded = new Set(rules('recording-rules.yml').map((rule) => rule.record));
  const expressions = [
    ...rules('alerts.yml').map((rule) => rule.expr),
    ...rules('recording-rules.yml').map((rule) => rule.expr),
    ...dashboardExpressions(),
  ];
  const names = expressions.flatMap((expr) => {
    const bare = expr
      .replaceAll(/"[^"]*"/gu, '""')
      .replaceAll(/\b(by|without)\s*\([^)]*\)/gu, '')
      .replaceAll(/\{[^}]*\}/gu, '')
      .replaceAll(/\[[^\]]*\]/gu, '');
    return [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])/gu)].map((match) => match[0]);
  });
  const keywords = new Set(['and', 'or', 'unless', 'vector', 'by']);
  return [...new Set(names)]
    .filter((name) => !keywords.has(name) && !recorded.has(name) && !FOREIGN.test(name))
    .toSorted();
}

/** A series' family: histograms end in _bucket, _sum or _count. */
export function family(series: string): string {
  return series.replace(/_(bucket|sum|count)$/u, '');
}
