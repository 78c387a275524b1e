import { mutantsOf } from './mutant.ts';

const ENV = '.env.example';
const PROD = 'docker/compose.prod.yaml';

export const dockerMutants = [
  ...mutantsOf('Dockerfile', {
    'runs as root': ['USER 10001:10001', 'USER 0:0'],
    'packages run scripts': [' --ignore-scripts', ''],
    'development packages': ['--omit=dev --', '--'],
    'starts the worker': ['CMD ["node", "api/main.ts"]', 'CMD ["node", "workers/main.ts"]'],
    'health check of another port': ['127.0.0.1:8000/health', '127.0.0.1:8080/health'],
    'health check of readiness': ['/health/live', '/health/ready'],
    'health check in a hurry': ['--start-period=90s', '--start-period=5s'],
    'a room is missing': ['COPY patients ./patients\n', ''],
    'another release of Node': ['NODE_IMAGE=node:24-slim', 'NODE_IMAGE=node:22-slim'],
    'no init': ['--no-install-recommends tini', '--no-install-recommends dumb-init'],
    'backups of root': ['install -d -o 10001 -g 10001 /backups', 'install -d /backups'],
    'checkpoints of root': ['install -d -o 10001 -g 10001 /checkpoints', 'install -d /checkpoints'],
    'a secret as an argument': ['ARG VERSION=0.0.0', 'ARG NPM_TOKEN\nARG VERSION=0.0.0'],
  }),
  ...mutantsOf('.dockerignore', {
    'a room kept out': ['!cli\n', ''],
    'tests let in': ['**/*.test.ts\n', ''],
    'everything let in': ['\n*\n', '\n'],
  }),
];

export const composeMutants = [
  ...mutantsOf(ENV, {
    'more processors than two cores have': ['POSTGRES_CPUS=2', 'POSTGRES_CPUS=4'],
    'a level that is none': ['LOG_LEVEL=info', 'LOG_LEVEL=verbose'],
    'a batch of none': ['MAX_BATCH_SIZE=100', 'MAX_BATCH_SIZE=0'],
    'backups beside the volume': ['BACKUP_URI=file:///backups', 'BACKUP_URI=file:///data'],
    'a port open to the network': ['IIT_BIND=127.0.0.1', 'IIT_BIND=0.0.0.0'],
    'checkpoints kept nowhere': ['CHECKPOINT_SINKS=log:,file:///checkpoints', 'CHECKPOINT_SINKS=log:'],
    'checkpoints beside the volume': ['file:///checkpoints', 'file:///tmp/checkpoints'],
    'a log by everybody’s name': ['CHECKPOINT_ORIGIN=localhost/log', 'CHECKPOINT_ORIGIN=iit-ml-service'],
    'one api': ['API_REPLICAS=2', 'API_REPLICAS=1'],
  }),
  ...mutantsOf(PROD, {
    'Redis forgets': ['--maxmemory-policy noeviction', '--maxmemory-policy allkeys-lru'],
    'Redis larger than its container': ['--maxmemory 192mb', '--maxmemory 512mb'],
    'commits that do not last': ['"-c", "max_wal_size=8GB"', '"-c", "synchronous_commit=off"'],
    'a heap as large as the container': ['--max-old-space-size=768', '--max-old-space-size=1536'],
    'a deadline that is no number': ['SHUTDOWN_SECONDS: "60"', 'SHUTDOWN_SECONDS: sixty'],
    'no time to stop': ['stop_grace_period: 90s', 'stop_grace_period: 30s'],
    'a misspelt variable': ['MAX_BATCH_SIZE: $', 'MAX_BATCHSIZE: $'],
    'health of another port': ['http://127.0.0.1:8001/health/live', 'http://127.0.0.1:8000/health/live'],
    'a command that is not there': ['"cli/migrate.ts"', '"cli/migrat.ts"'],
    'the wrong command': ['command: ["node", "workers/main.ts"]', 'command: ["node", "api/main.ts"]'],
    'data stores with a way out': ['internal: true', 'internal: false'],
    'the owner’s secret for api and worker': [
      'secrets: [app_database_url, queue_url]',
      'secrets: [app_database_url, queue_url, owner_database_url]',
    ],
    'a secret that is not mounted': [
      'secrets: [owner_database_url, aws_credentials]',
      'secrets: [owner_database_url]',
    ],
    'a volume that the user may not write': ['- backups:/backups\n', '- backups:/var/backups\n'],
    'nobody signs': ['      CHECKPOINT_KEY_FILE: /run/secrets/checkpoint_key\n', ''],
    'the key that signs with the api too': [
      'secrets: [app_database_url, queue_url]\n  networks',
      'secrets: [app_database_url, queue_url, checkpoint_key]\n  networks',
    ],
    'the key that signs with the owner’s secret': [
      'secrets: [owner_database_url, queue_url, app_database_password]',
      'secrets: [owner_database_url, queue_url, app_database_password, checkpoint_key]',
    ],
    'whoever verifies may write checkpoints': ['checkpoints:/checkpoints:ro', 'checkpoints:/checkpoints'],
    'keys in a log': ['logging:\n      driver: none', 'restart: "no"'],
    'retention without its months': ['AUDIT_MONTHS: $', 'AUDIT_MONTH: $'],
    'inputs that are kept for ever': ['      INPUT_MONTHS: ${INPUT_MONTHS:-}\n', ''],
    'no store but Amazon’s': ['      AWS_ENDPOINT_URL: ${AWS_ENDPOINT_URL:-}\n', ''],
    'api before the migration': [
      'depends_on: &after-migration\n      app-login:\n        condition: service_completed_successfully',
      'depends_on: &after-migration\n      app-login:\n        condition: service_started',
    ],
    'Alertmanager gone': ['  alertmanager:\n    <<: *hardened', '  alerts:\n    <<: *hardened'],
    'a root that can be written': ['read_only: true', 'read_only: false'],
    'all capabilities': ['cap_drop: [ALL]', 'cap_drop: [NET_RAW]'],
    'the proxy beside the data': [
      'networks: [front]\n    ports:\n      - "${IIT_BIND',
      'networks: [front, data]\n    ports:\n      - "${IIT_BIND',
    ],
    'another PostgreSQL than in development': ['image: postgres:17.5', 'image: postgres:16.9'],
    'a file that is not there': ['../monitoring/alerts.yml', '../monitoring/alert.yml'],
  }),
  ...mutantsOf('compose.yaml', {
    'a published port that leads nowhere': [':8000"', ':8080"'],
    'an open port': ['"127.0.0.1:5432:5432"', '"5432:5432"'],
    'a worker before its key': [
      'checkpoint-key:\n        condition: service_completed_successfully',
      'checkpoint-key:\n        condition: service_started',
    ],
    'a log that nobody signs': ['CHECKPOINT_KEY_FILE: /checkpoints/key.pem', 'CHECKPOINT_SECONDS: 10'],
  }),
  ...mutantsOf('monitoring/prometheus.yml', {
    'another port of the worker': ['port: 8001', 'port: 8002'],
    'a service that is not there': ['names: [api]', 'names: [web]'],
    'an Alertmanager that is not there': ['alertmanager:9093', 'alerts:9093'],
  }),
  ...mutantsOf('docker/Caddyfile', {
    'metrics let out': ['/health\n', '/health /metrics\n'],
    'everything let out': ['@outside path / ', '@outside path /* '],
    'an api that listens elsewhere': ['port 8000', 'port 8080'],
    'no TLS': ['{$IIT_SITE:localhost} {\n\ttls {$IIT_TLS:internal}', 'http://{$IIT_SITE:localhost} {'],
  }),
];
