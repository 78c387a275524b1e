import { createDatabase, createPool } from '#shared/db/database.ts';
import { migrateToLatest } from '#shared/db/migrator.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { migrateQueue } from '#shared/queue/migrate-queue.ts';

/** Roles that the services take on, and that may use a queue in PostgreSQL. */
const SERVICE_ROLES = ['iit_api', 'iit_worker'];

export type PrepareOptions = {
  databaseUrl: string;
  queueUrl: string;
  /** The model that ships with this release; registered, and activated for tenants that have none. */
  modelPath?: string | undefined;
};

export type Prepared = {
  applied: string[];
  queueVersion: number | undefined;
  /** Version of the shipped model. */
  model: string | undefined;
};

/** Applies what is missing of the schema, and of BullMQ's own where the queue is a PostgreSQL. Idempotent. */
export async function prepareDatabase(options: PrepareOptions): Promise<Prepared> {
  const pool = createPool({
    url: options.databaseUrl,
    applicationName: 'iit-migrate',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 0,
  });
  const db = createDatabase(pool);
  try {
    const applied = await migrateToLatest(db);
    const queueVersion = await migrateQueue(options.queueUrl, SERVICE_ROLES);
    const { modelPath } = options;
    const model = modelPath === undefined ? undefined : await registerShippedModel(db, modelPath);
    return { applied, queueVersion, model: model?.version };
  } finally {
    await db.destroy();
  }
}
