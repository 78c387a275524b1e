import { loadConfig } from '#shared/config/config.ts';
import { prepareDatabase } from './prepare-database.ts';

const config = loadConfig();
const { applied, queueVersion, model } = await prepareDatabase({
  databaseUrl: config.DATABASE_URL,
  queueUrl: config.QUEUE_URL,
  modelPath: config.MODEL_PATH,
});
process.stdout.write(
  `${applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}.`}\n`,
);
process.stdout.write(
  queueVersion === undefined
    ? 'The queue lives in Redis and needs no schema.\n'
    : `The queue's own schema is at version ${queueVersion}.\n`,
);
process.stdout.write(`Model ${model} is registered.\n`);
