import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const TARGET = 'k8s/components/monitoring/prometheus-rule.yaml';

const fromDisk = (path: string) => readFileSync(path, 'utf8');

/** monitoring/'s recording rules and alerts as the object that the Prometheus operator reads. */
export function prometheusRule(read: (path: string) => string = fromDisk): string {
  const groups = ['recording-rules.yml', 'alerts.yml'].flatMap(
    (file) => (parse(read(`monitoring/${file}`)) as { groups: unknown[] }).groups,
  );
  const manifest = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'iit-ml-service',
      labels: { 'app.kubernetes.io/name': 'iit-ml-service', 'app.kubernetes.io/component': 'monitoring' },
    },
    spec: { groups },
  };
  return `# Written by npm run write:prometheus-rule out of monitoring/; change it there.\n${stringify(manifest, { lineWidth: 0 })}`;
}

if (import.meta.main) writeFileSync(TARGET, prometheusRule());
