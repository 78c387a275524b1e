import { mutantsOf } from './mutant.ts';

export const kubernetesMutants = [
  ...mutantsOf('k8s/base/kustomization.yaml', {
    'the image is renamed before an overlay can': [
      '# The image is named',
      'images:\n  - name: iit-ml-service\n    newName: ghcr.io/example/iit-ml-service\n    newTag: 0.0.9\n# The image is named',
    ],
    'a level that is none': ['LOG_LEVEL=info', 'LOG_LEVEL=verbose'],
    'a port that no probe asks': ['- PORT=8000', '- PORT=8080'],
    'a worker’s port that no probe asks': ['WORKER_PORT=8001', 'WORKER_PORT=8002'],
    'a batch of none': ['MAX_BATCH_SIZE=100', 'MAX_BATCH_SIZE=0'],
    'a misspelt variable': ['CHUNKS_IN_FLIGHT=3', 'CHUNKS_INFLIGHT=3'],
    'checkpoints in the log stream alone': [
      'CHECKPOINT_SINKS=log:,file:///checkpoints',
      'CHECKPOINT_SINKS=log:',
    ],
    'checkpoints in a folder that ends with the pod': [
      'CHECKPOINT_SINKS=log:,file:///checkpoints',
      'CHECKPOINT_SINKS=log:,file:///tmp/checkpoints',
    ],
    'a log by everybody’s name': [
      'CHECKPOINT_ORIGIN=iit.example.org/log',
      'CHECKPOINT_ORIGIN=iit-ml-service',
    ],
    'configuration missing from the first apply': [
      'app.kubernetes.io/component: configuration',
      'app.kubernetes.io/component: settings',
    ],
  }),
  ...mutantsOf('k8s/base/api.yaml', {
    'a command that is not there': ['api/main.ts', 'api/mian.ts'],
    'liveness that knows the database': [
      'livenessProbe:\n            httpGet:\n              path: /health/live',
      'livenessProbe:\n            httpGet:\n              path: /health/ready',
    ],
    'readiness of another port': [
      'path: /health/ready\n              port: http',
      'path: /health/ready\n              port: 8001',
    ],
    'a Service that leads nowhere': ['targetPort: http', 'targetPort: web'],
    'a Service on another port': ['port: 8000\n      targetPort', 'port: 80\n      targetPort'],
    'a heap as large as the container': ['--max-old-space-size=640', '--max-old-space-size=1000'],
    'half the memory': ['memory: 1Gi', 'memory: 512Mi'],
    'no time to stop': ['terminationGracePeriodSeconds: 60', 'terminationGracePeriodSeconds: 30'],
    'a pause longer than the grace': ['seconds: 10', 'seconds: 40'],
    'no wait for the schema': ['cli/wait-for-schema.ts', 'cli/migrate.ts'],
    'a roll-out that takes pods away': ['maxUnavailable: 0', 'maxUnavailable: 1'],
    'a deadline that is no number': ['value: "25"', 'value: soon'],
    'another image': [
      'image: iit-ml-service\n          imagePullPolicy: IfNotPresent\n          args: [node, api',
      'image: iit-ml-service-api:1.0\n          imagePullPolicy: IfNotPresent\n          args: [node, api',
    ],
    'an entry point without init': ['args: [node, api/main.ts]', 'command: [node, api/main.ts]'],
    privileges: ['allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'],
  }),
  ...mutantsOf('k8s/base/worker.yaml', {
    'runs the api': ['args: [node, workers/main.ts]', 'args: [node, api/main.ts]'],
    'another port': ['containerPort: 8001', 'containerPort: 8000'],
    'a count of its own': [
      'spec:\n  revisionHistoryLimit: 5',
      'spec:\n  replicas: 2\n  revisionHistoryLimit: 5',
    ],
    'less time than a migration': ['progressDeadlineSeconds: 2100', 'progressDeadlineSeconds: 300'],
    'nobody signs': ['            - secretRef:\n                name: iit-checkpoint\n', ''],
    'the key that signs with what waits for the schema': [
      'secretRef:\n                name: iit-database\n          env:\n            - name: NODE_OPTIONS\n              value: --max-old-space-size=128',
      'secretRef:\n                name: iit-checkpoint\n          env:\n            - name: NODE_OPTIONS\n              value: --max-old-space-size=128',
    ],
    'checkpoints that end with the pod': [
      'persistentVolumeClaim:\n            claimName: iit-checkpoints',
      'emptyDir:\n            sizeLimit: 1Gi',
    ],
    'the owner’s secret': [
      'secretRef:\n                name: iit-database\n            - secretRef:\n                name: iit-checkpoint',
      'secretRef:\n                name: iit-database-owner\n            - secretRef:\n                name: iit-checkpoint',
    ],
  }),
  ...mutantsOf('k8s/base/migrate.yaml', {
    'no migration': ['args: [node, cli/migrate.ts]', 'args: [node, cli/keys.ts, list]'],
    'a claim that is not there': ['claimName: iit-models', 'claimName: iit-model'],
  }),
  ...mutantsOf('k8s/base/service-accounts.yaml', {
    'the migration’s account missing from the first apply': [
      'app.kubernetes.io/component: migrate',
      'app.kubernetes.io/component: accounts',
    ],
  }),
  ...mutantsOf('k8s/base/network-policies.yaml', {
    'migrations reach Redis': [
      'values: [api, worker]\n  policyTypes: [Egress]\n  egress:\n    - to:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: iit-data\n      ports:\n        - protocol: TCP\n          port: 6379',
      'values: [api, worker, migrate]\n  policyTypes: [Egress]\n  egress:\n    - to:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: iit-data\n      ports:\n        - protocol: TCP\n          port: 6379',
    ],
    'PostgreSQL on another port': ['port: 5432', 'port: 5433'],
    'backups cut off from PostgreSQL': ['migrate, backup, retention]', 'migrate, retention]'],
    'everything may go out': ['policyTypes: [Ingress, Egress]', 'policyTypes: [Ingress]'],
    'everybody may call the api': [
      'kubernetes.io/metadata.name: ingress-nginx\n        - podSelector',
      'app: anything\n        - namespaceSelector: {}\n        - podSelector',
    ],
    'the node’s metadata for backups': [', 169.254.0.0/16]', ']'],
    'DNS in another namespace': [
      'kubernetes.io/metadata.name: kube-system',
      'kubernetes.io/metadata.name: kube-dns',
    ],
    'no NodeLocal DNS': ['cidr: 169.254.20.10/32', 'cidr: 169.254.20.11/32'],
    'no answer to a challenge': ['port: 8089', 'port: 8080'],
    'scraping from anywhere': [
      'kubernetes.io/metadata.name: monitoring\n      ports:\n        - protocol: TCP\n          port: 8000',
      'kubernetes.io/metadata.name: default\n      ports:\n        - protocol: TCP\n          port: 8000',
    ],
    'the night cut off from the api': [
      'component: nightly\n      ports:\n        - protocol: TCP\n          port: 8000',
      'component: night\n      ports:\n        - protocol: TCP\n          port: 8000',
    ],
  }),
  ...mutantsOf('k8s/base/autoscaling.yaml', {
    'the api scaled too late': ['averageUtilization: 70', 'averageUtilization: 95'],
    'one api': ['minReplicas: 3', 'minReplicas: 1'],
    'ten times the backlog': ['averageValue: "40"', 'averageValue: "400"'],
    'workers taken away at once': [
      'stabilizationWindowSeconds: 300\n      selectPolicy: Max',
      'stabilizationWindowSeconds: 0\n      selectPolicy: Max',
    ],
    'a metric that nobody makes': ['name: iit_outstanding_chunks', 'name: iit_queue_depth'],
  }),
  ...mutantsOf('k8s/base/disruption.yaml', {
    'a version that is served no more': ['apiVersion: policy/v1\n', 'apiVersion: policy/v1beta1\n'],
    'a budget that blocks every drain': ['minAvailable: 2', 'minAvailable: 3'],
  }),
  ...mutantsOf('k8s/base/cron-jobs.yaml', {
    'the night calls another port': ['http://iit-api:8000', 'http://iit-api:80'],
    'the night calls another Service': ['http://iit-api:8000', 'http://api:8000'],
    'nights that overlap': ['concurrencyPolicy: Forbid', 'concurrencyPolicy: Allow'],
    'a night of another country': ['timeZone: Africa/Lagos', 'timeZone: UTC'],
    'a backup that retires': ['cli/backup.ts', 'cli/retention.ts'],
  }),
  ...mutantsOf('k8s/base/ingress.yaml', {
    'everything let out': ['- path: /v1\n', '- path: /\n'],
    'metrics let out': ['- path: /openapi.json', '- path: /metrics'],
    'a host without TLS': ['- hosts: [iit.example.org]', '- hosts: [www.example.org]'],
  }),
  ...mutantsOf('k8s/base/namespace.yaml', {
    'the namespace missing from the first apply': [
      'app.kubernetes.io/component: configuration',
      'app.kubernetes.io/component: namespace',
    ],
    'a Kubernetes that does not know the pause': ['enforce-version: v1.30', 'enforce-version: v1.28'],
    'any pod may run': ['enforce: restricted', 'enforce: privileged'],
  }),
  ...mutantsOf('k8s/components/external-secrets/external-secrets.yaml', {
    'a version that is served no more': ['external-secrets.io/v1', 'external-secrets.io/v1beta1'],
    'a key under another name': ['secretKey: DATABASE_URL', 'secretKey: DB_URL'],
    'the signing key under another name': ['secretKey: CHECKPOINT_KEY', 'secretKey: SIGNING_KEY'],
  }),
  ...mutantsOf('k8s/components/monitoring/service-monitor.yaml', {
    'a port that no Service has': ['port: http', 'port: metrics'],
  }),
  ...mutantsOf('k8s/components/keda/scaled-object.yaml', {
    'busy workers do not count': ["IN ('pending', 'leased')", "IN ('pending')"],
    'never to zero': ['minReplicaCount: 0', 'minReplicaCount: 1'],
    'nobody seals': ['type: cron', 'type: cpu'],
    'other rules than the HPA’s': ['value: 4\n', 'value: 40\n'],
  }),
  ...mutantsOf('k8s/components/gateway-api/gateway.yaml', {
    'a route without TLS': ['sectionName: https', 'sectionName: http'],
    'metrics let out': ['value: /openapi.json', 'value: /metrics'],
    'a backend on another port': ['port: 8000', 'port: 80'],
  }),
  ...mutantsOf('k8s/overlays/prod/kustomization.yaml', {
    'no class for many writers': [
      'path: /spec/storageClassName\n        value: efs-sc',
      'path: /metadata/labels/class\n        value: efs-sc',
    ],
    'data stores by another range': ['cidr: 10.40.128.0/18', 'cidr: 10.41.128.0/18'],
    'placeholders instead of secrets': ['  - ../../components/external-secrets\n', ''],
  }),
  ...mutantsOf('k8s/overlays/dev/kustomization.yaml', {
    'two writers where one may write': ['value: [ReadWriteOnce]', 'value: [ReadWriteMany]'],
    'an image that was not named': ['  - name: iit-ml-service\n', '  - name: iit\n'],
  }),
  ...mutantsOf('k8s/adapter/values.yaml', {
    'every pod counted': ['sum(max by', 'sum(sum by'],
    'busy workers do not count': ['pending|leased', 'pending'],
  }),
];
