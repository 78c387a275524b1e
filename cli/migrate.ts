import { loadConfig } from '#shared/config/config.ts';
import { prepareDatabase } from './prepare-database.ts';

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(
    'iit migrate\nBrings the schema in the database of DATABASE_URL up to date and registers the model of MODEL_PATH.\n',
  );
} else {
  await migrate();
}

async function migrate(): Promise<void> {
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
}
