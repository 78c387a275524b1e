import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { hpaSettings, type ScalingRules } from '#deploy/checks/hpa.ts';
import { adapterRule } from '#deploy/checks/adapter-rule.ts';

const text = (path: string) => readFileSync(path, 'utf8');
const documents = (path: string) =>
  parseAllDocuments(text(path)).map((document) => document.toJS() as unknown);

const hpaManifest = documents('k8s/base/autoscaling.yaml').find(
  (manifest) => (manifest as { metadata: { name: string } }).metadata.name === 'iit-worker',
) as { spec: { metrics: { external: { metric: { name: string } } }[] } };
const hpa = hpaSettings(hpaManifest);

type ScaledObject = {
  kind: string;
  spec: {
    minReplicaCount: number;
    maxReplicaCount: number;
    fallback: { replicas: number };
    advanced: {
      horizontalPodAutoscalerConfig: { behavior: { scaleUp: ScalingRules; scaleDown: ScalingRules } };
    };
    triggers: { type: string; metadata: Record<string, string> }[];
  };
};
const keda = documents('k8s/components/keda/scaled-object.yaml').find(
  (manifest) => (manifest as ScaledObject).kind === 'ScaledObject',
) as ScaledObject;

test('the HPA, KEDA and Fargate keep the same target and bounds', () => {
  const terraform = /cpu = 2048, memory = 4096, min = (\d+), max = (\d+), chunks_per_worker = (\d+)/u.exec(
    text('terraform/variables.tf'),
  );
  const bounds = [hpa.minReplicas, hpa.maxReplicas, hpa.averageValue];
  expect(terraform?.slice(1).map(Number)).toEqual(bounds);
  expect([
    keda.spec.minReplicaCount,
    keda.spec.maxReplicaCount,
    Number(keda.spec.triggers[0]?.metadata['targetQueryValue']),
  ]).toEqual(bounds);
});

test('KEDA scales up and down by the same rules as the HPA', () => {
  expect(keda.spec.advanced.horizontalPodAutoscalerConfig.behavior).toEqual({
    scaleUp: hpa.scaleUp,
    scaleDown: hpa.scaleDown,
  });
});

test('up without delay by 100 % or 4 pods a minute; down after 300 s by one a minute', () => {
  expect(hpa.scaleUp).toEqual({
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 100, periodSeconds: 60 },
      { type: 'Pods', value: 4, periodSeconds: 60 },
    ],
  });
  expect(hpa.scaleDown).toEqual({
    stabilizationWindowSeconds: 300,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
  });
});

test('KEDA counts leased chunks too, and has a fallback', () => {
  const [trigger, ...others] = keda.spec.triggers;
  expect(others).toEqual([]);
  expect(trigger?.type).toBe('postgresql');
  expect(trigger?.metadata['query']).toContain("state IN ('pending', 'leased')");
  expect(keda.spec.fallback.replicas).toBeGreaterThanOrEqual(hpa.minReplicas);
});

test('the adapter gives the HPA the metric that it asks for: the maximum over the pods, leased chunks included', () => {
  const rule = adapterRule(text('k8s/adapter/values.yaml'), 'iit_outstanding_chunks');
  expect(hpaManifest.spec.metrics[0]?.external.metric.name).toBe(rule.name);
  expect(rule.series).toBe('iit_queue_depth');
  const query = rule.query({ namespace: 'iit-ml-service' });
  expect(query).toBe(
    'sum(max by (queue, state) (iit_queue_depth{state=~"pending|leased",namespace="iit-ml-service"}))',
  );
});

test('the adapter offers nothing beyond that one metric', () => {
  const values = parse(text('k8s/adapter/values.yaml')) as {
    rules: { default: boolean; external: unknown[] };
  };
  expect(values.rules.default).toBe(false);
  expect(values.rules.external).toHaveLength(1);
});
