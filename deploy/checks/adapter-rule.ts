import { parse } from 'yaml';

type Rule = {
  seriesQuery: string;
  name: { as: string };
  metricsQuery: string;
};

/** An external rule of prometheus-adapter: the series it reads and the query that it would send. */
export type AdapterRule = {
  name: string;
  series: string;
  query(labels: Record<string, string>): string;
};

/**
 * Reads one external rule out of the adapter's Helm values and fills its template as the adapter does
 * (`<<.Series>>`, `<<.LabelMatchers>>`).
 * @throws when no rule makes the metric.
 */
export function adapterRule(valuesYaml: string, metric: string): AdapterRule {
  const values = parse(valuesYaml) as { rules: { external: Rule[] } };
  const rule = values.rules.external.find((candidate) => candidate.name.as === metric);
  if (rule === undefined) throw new Error(`No external rule makes ${metric}.`);
  const series = rule.seriesQuery.replace(/\{.*$/u, '');
  return {
    name: rule.name.as,
    series,
    query: (labels) =>
      rule.metricsQuery.replaceAll('<<.Series>>', series).replaceAll(
        '<<.LabelMatchers>>',
        Object.entries(labels)
          .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
          .join(','),
      ),
  };
}
