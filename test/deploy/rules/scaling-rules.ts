import { expect } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { adapterRule } from '#deploy/checks/adapter-rule.ts';
import { hpaSettings, type HpaSettings, type ScalingRules } from '#deploy/checks/hpa.ts';
import { ruleBook, type Tree } from './rule.ts';

type HpaManifest = { spec: { metrics: { external: { metric: { name: string } } }[] } };
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

/** Every place that says how many workers there are. */
export type Scaling = {
  text: (path: string) => string;
  hpaManifest: HpaManifest;
  hpa: HpaSettings;
  keda: ScaledObject;
};

export function readScaling(tree: Tree): Scaling {
  const documents = (path: string) =>
    parseAllDocuments(tree.read(path)).map((document) => document.toJS() as unknown);
  const hpaManifest = documents('k8s/base/autoscaling.yaml').find(
    (manifest) => (manifest as { metadata: { name: string } }).metadata.name === 'iit-worker',
  ) as HpaManifest;
  const keda = documents('k8s/components/keda/scaled-object.yaml').find(
    (manifest) => (manifest as ScaledObject).kind === 'ScaledObject',
  ) as ScaledObject;
  return { text: (path) => tree.read(path), hpaManifest, hpa: hpaSettings(hpaManifest), keda };
}

const { rules, rule } = ruleBook<Scaling>();
export const scalingRules = rules;

rule('the HPA, KEDA and Fargate keep the same target and upper bound', ({ text, hpa, keda }) => {
  const terraform = /cpu = 2048, memory = 4096, min = (\d+), max = (\d+), chunks_per_worker = (\d+)/u.exec(
    text('terraform/variables.tf'),
  );
  const bounds = [hpa.minReplicas, hpa.maxReplicas, hpa.averageValue];
  expect(terraform?.slice(1).map(Number)).toEqual(bounds);
  expect([keda.spec.maxReplicaCount, Number(keda.spec.triggers[0]?.metadata['targetQueryValue'])]).toEqual(
    bounds.slice(1),
  );
});

rule('KEDA scales up and down by the same rules as the HPA', ({ hpa, keda }) => {
  expect(keda.spec.advanced.horizontalPodAutoscalerConfig.behavior).toEqual({
    scaleUp: hpa.scaleUp,
    scaleDown: hpa.scaleDown,
  });
});

rule('up without delay by 100 % or 4 pods a minute; down after 300 s by one a minute', ({ hpa }) => {
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

rule('KEDA counts leased chunks too, and has a fallback', ({ hpa, keda }) => {
  const [trigger] = keda.spec.triggers;
  expect(trigger?.type).toBe('postgresql');
  expect(trigger?.metadata['query']).toContain("state IN ('pending', 'leased')");
  expect(keda.spec.fallback.replicas).toBeGreaterThanOrEqual(hpa.minReplicas);
});

rule(
  'the adapter gives the HPA the metric that it asks for: the maximum over the pods, leased chunks included',
  ({ text, hpaManifest }) => {
    const rule = adapterRule(text('k8s/adapter/values.yaml'), 'iit_outstanding_chunks');
    expect(hpaManifest.spec.metrics[0]?.external.metric.name).toBe(rule.name);
    expect(rule.series).toBe('iit_queue_depth');
    const query = rule.query({ namespace: 'iit-ml-service' });
    expect(query).toBe(
      'sum(max by (queue, state) (iit_queue_depth{state=~"pending|leased",namespace="iit-ml-service"}))',
    );
  },
);

rule('the adapter offers nothing beyond that one metric', ({ text }) => {
  const values = parse(text('k8s/adapter/values.yaml')) as {
    rules: { default: boolean; external: unknown[] };
  };
  expect(values.rules.default).toBe(false);
  expect(values.rules.external).toHaveLength(1);
});
