import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { sql } from 'kysely';
import type { PreparedModel } from '#engine/index.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { prepareApart } from './prepare-apart.ts';
import { loadManifest, type ModelManifest } from './manifest.ts';

/** A registered model without its text. */
export type ModelRecord = {
  id: number;
  version: string;
  /** Lower-case hex of the text's bytes. */
  sha256: string;
  /** With the cut-offs that hold for whoever asked: a tenant's own, where it has set some. */
  manifest: ModelManifest;
  /** Which of the tenant's sets of thresholds the cut-offs are; null: the manifest's own. */
  thresholdSet: number | null;
  /** YYYY-MM-DD from which on the model should not be used without being looked at anew: its activation's, else the manifest's. */
  expiresOn: string | null;
};

/** A model that is ready to be attached by any thread of this process. */
export type LoadedModel = ModelRecord & { prepared: PreparedModel };

export type ModelStore = {
  /** The model that a tenant's new jobs are pinned to. Throws `model_not_found` where none was activated. */
  activeModel: (tenantId: number) => Promise<ModelRecord>;
  /** By version, whosever it is: for jobs and records that name it. Throws `model_not_found`. */
  modelByVersion: (version: string) => Promise<ModelRecord>;
  /** By version, where the tenant may use it: its own, everybody's, or granted. Throws `model_not_found`. */
  modelOf: (tenantId: number, version: string) => Promise<ModelRecord>;
  /**
   * By sha256 (hex), prepared for scoring; the last `modelsInMemory` stay in memory.
   * Throws `model_not_found`; `model_invalid` when the stored text is not what its hash says or cannot be scored.
   */
  load: (sha256: string) => Promise<LoadedModel>;
};

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const COMPRESSION_LEVEL = 12;
const MOST_FAILURES = 100;
const FAILED_FOR_MS = 300_000;

export function createModelStore(options: { db: Db; modelsInMemory: number }): ModelStore {
  const { db, modelsInMemory } = options;
  /** In order of last use, the oldest first. */
  const loaded = new Map<string, Promise<LoadedModel>>();

  /** Models that could not be prepared: asked for again, they cost nothing for a while. */
  const failed = new Map<string, { error: unknown; untilMs: number }>();

  const load = async (sha256: string): Promise<LoadedModel> => {
    const failure = failed.get(sha256);
    if (failure !== undefined) {
      if (performance.now() < failure.untilMs) throw failure.error;
      failed.delete(sha256);
    }
    const cached = loaded.get(sha256);
    const model = cached ?? readModel(db, sha256);
    loaded.delete(sha256);
    loaded.set(sha256, model);
    for (const oldest of loaded.keys()) {
      if (loaded.size <= modelsInMemory) break;
      loaded.delete(oldest);
    }
    try {
      return await model;
    } catch (error) {
      if (loaded.get(sha256) === model) loaded.delete(sha256);
      if (error instanceof ServiceError && error.code === 'model_invalid') {
        if (failed.size >= MOST_FAILURES) failed.clear();
        failed.set(sha256, { error, untilMs: performance.now() + FAILED_FOR_MS });
      }
      throw error;
    }
  };

  return {
    load,
    modelOf: async (tenantId, version) => {
      const row = await db
        .selectFrom('models')
        .select(['id', 'version', 'sha256', 'manifest'])
        .select(thresholdsOf(tenantId).as('thresholds'))
        .where('version', '=', version)
        .where(usableBy(tenantId))
        .executeTakeFirst();
      if (row === undefined) throw new ServiceError('model_not_found', 'There is no model of this version.');
      return recordOf(row);
    },
    modelByVersion: async (version) => {
      const row = await db
        .selectFrom('models')
        .select(['id', 'version', 'sha256', 'manifest'])
        .where('version', '=', version)
        .executeTakeFirst();
      if (row === undefined) throw new ServiceError('model_not_found', 'There is no model of this version.');
      return recordOf(row);
    },
    activeModel: async (tenantId) => {
      const row = await db
        .selectFrom('model_activations as a')
        .innerJoin('models', 'models.id', 'a.model_id')
        .select(['models.id', 'models.version', 'models.sha256', 'models.manifest'])
        .select([thresholdsOf(tenantId).as('thresholds'), 'a.expires_on'])
        .where('a.tenant_id', '=', tenantId)
        .orderBy('a.id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (row === undefined) throw new ServiceError('model_not_found', 'No model was activated yet.');
      return recordOf(row);
    },
  };
}

/**
 * Adds a model, or finds it where the same bytes are registered already. Throws `model_invalid` for a manifest
 * of other bytes, and `model_conflict` when its version belongs to another model, or the model has another version.
 */
export async function registerModel(
  db: Db,
  model: { text: Buffer; manifest: ModelManifest; createdBy: string; tenantId?: number },
): Promise<{ id: number; created: boolean }> {
  const { text, manifest } = model;
  const sha256 = createHash('sha256').update(text).digest();
  if (sha256.toString('hex') !== manifest.sha256) {
    throw new ServiceError('model_invalid', 'The manifest belongs to a model of another SHA-256.');
  }
  const content = await compress(text, {
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL },
  });
  // Every job reads the manifest; the reference rows are read where drift is judged alone.
  const { reference, ...drift } = manifest.drift;
  const inserted = await db
    .insertInto('models')
    .values({
      version: manifest.version,
      sha256,
      manifest: JSON.stringify({ ...manifest, drift }),
      drift_reference: reference === undefined ? null : JSON.stringify(reference),
      content,
      created_by: model.createdBy,
      owner_tenant_id: model.tenantId ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return { id: inserted.id, created: true };
  const found = await db
    .selectFrom('models')
    .select(['id', 'version'])
    .where('sha256', '=', sha256)
    .executeTakeFirst();
  if (found === undefined) {
    throw new ServiceError('model_conflict', `Version ${manifest.version} is another model's.`);
  }
  if (found.version !== manifest.version) {
    throw new ServiceError('model_conflict', `This model is registered as version ${found.version}.`, {
      details: { version: found.version },
    });
  }
  return { id: found.id, created: false };
}

/** Registers the model that ships with the service, and activates it for tenants that have none. Idempotent. */
export async function registerShippedModel(db: Db, modelPath: string): Promise<ModelRecord> {
  const [text, manifestText] = await Promise.all([
    readFile(modelPath),
    readFile(manifestPathOf(modelPath), 'utf8'),
  ]);
  const manifest = loadManifest(manifestText);
  const { id } = await registerModel(db, { text, manifest, createdBy: 'shipped' });
  await db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtext('iit.first_activation'))`.execute(trx);
    await sql`INSERT INTO model_activations (tenant_id, model_id, activated_by)
      SELECT id, ${id}, 'shipped' FROM tenants
      WHERE NOT EXISTS (SELECT FROM model_activations a WHERE a.tenant_id = tenants.id)`.execute(trx);
  });
  return recordOf({ id, version: manifest.version, sha256: Buffer.from(manifest.sha256, 'hex'), manifest });
}

/** `models/name.txt` → `models/name.manifest.json`. */
export function manifestPathOf(modelPath: string): string {
  return modelPath.replace(/\.txt$/u, '') + '.manifest.json';
}

async function readModel(db: Db, sha256: string): Promise<LoadedModel> {
  const row = await db
    .selectFrom('models')
    .select(['id', 'version', 'sha256', 'manifest', 'content'])
    .where('sha256', '=', Buffer.from(sha256, 'hex'))
    .executeTakeFirst();
  if (row === undefined) {
    throw new ServiceError('model_not_found', 'The model is not registered.', { retryable: true });
  }
  const text = await decompress(row.content);
  if (createHash('sha256').update(text).digest('hex') !== sha256) {
    throw new ServiceError('model_invalid', 'The stored model does not match its SHA-256.');
  }
  try {
    return { ...recordOf(row), prepared: await prepareApart(text.toString('utf8')) };
  } catch (error) {
    throw new ServiceError('model_invalid', 'The model cannot be scored by this release.', { cause: error });
  }
}

/** Models that a tenant may see and use, as a condition on `models`. */
export function usableBy(tenantId: number) {
  return sql<boolean>`(models.owner_tenant_id IS NULL OR models.owner_tenant_id = ${tenantId}
    OR EXISTS (SELECT FROM model_grants g WHERE g.model_id = models.id AND g.tenant_id = ${tenantId}))`;
}

type Thresholds = { id: number; tiers: ModelManifest['tiers'] };

/** The latest thresholds that a tenant has set for a model, as an expression beside `models`; null where it has set none. */
function thresholdsOf(tenantId: number) {
  return sql<Thresholds | null>`(SELECT jsonb_build_object('id', t.id, 'tiers', t.tiers) FROM threshold_sets t
    WHERE t.tenant_id = ${tenantId} AND t.model_id = models.id ORDER BY t.version DESC LIMIT 1)`;
}

function recordOf(row: {
  id: number;
  version: string;
  sha256: Buffer;
  manifest: unknown;
  thresholds?: Thresholds | null;
  expires_on?: string | null;
}): ModelRecord {
  // Checked when it was registered.
  const manifest = row.manifest as ModelManifest;
  const { thresholds = null } = row;
  return {
    id: row.id,
    version: row.version,
    sha256: row.sha256.toString('hex'),
    manifest: thresholds === null ? manifest : { ...manifest, tiers: thresholds.tiers },
    thresholdSet: thresholds?.id ?? null,
    expiresOn: row.expires_on ?? manifest.governance?.expires ?? null,
  };
}
