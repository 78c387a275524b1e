import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '#shared/config/config.ts';
import { startPostgres } from './local-services/postgres-server.ts';
import { startRedis } from './local-services/redis-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';

/** Starts what the services need and nothing of them: PostgreSQL, and Redis with --redis; until Ctrl-C. */
const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string', default: path.resolve('.data', 'postgres') },
    port: { type: 'string', default: '5433' },
    redis: { type: 'boolean', default: false },
  },
});

const postgres = await startPostgres({ dataDir: values['data-dir'], port: Number(values.port) });
const redis = values.redis ? await startRedis() : undefined;
const databaseUrl = postgres.url();
const queueUrl = redis?.url() ?? databaseUrl;
const { MODEL_PATH: modelPath } = loadConfig({ ...process.env, DATABASE_URL: databaseUrl });
await prepareDatabase({ databaseUrl, queueUrl, modelPath });
process.stdout.write(
  [
    `PostgreSQL listens on port ${postgres.port}, its data is in ${values['data-dir']}.`,
    ...(redis === undefined ? [] : [`Redis listens on port ${redis.port}; it keeps nothing.`]),
    'The schema is up to date and the shipped model is registered. In other shells:',
    '',
    `  export DATABASE_URL=${databaseUrl} QUEUE_URL=${queueUrl}`,
    '  npm run api',
    '  npm run worker',
    '',
    'Ctrl-C stops them.',
    '',
  ].join('\n'),
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all([postgres.stop(), redis?.stop()]);
  });
}
