import { sql } from 'kysely';
import { z } from 'zod';
import { usableBy } from '#shared/models/store.ts';
import type { Db } from '#shared/db/database.ts';

export const modelSchema = z
  .object({
    version: z.string(),
    sha256: z.string(),
    name: z.string().nullable(),
    synthetic: z.boolean().nullable().meta({ description: 'Trained on simulated data' }),
    features: z.int(),
    tiers: z.object({ medium: z.number(), high: z.number() }).nullable(),
    active: z.boolean().meta({ description: 'New jobs of your tenant are scored with it' }),
    activated_at: z.iso.datetime().nullable(),
    activated_by: z.string().nullable(),
    approver: z.string().nullable().meta({ description: 'Who answers for its use' }),
    expires_on: z.iso.date().nullable().meta({ description: 'From then on it should be looked at anew' }),
    silent: z.boolean().nullable().meta({ description: 'Scores and is on no call list; null: not active' }),
    created_at: z.iso.datetime(),
    created_by: z.string(),
  })
  .meta({ id: 'Model' });

export type ModelView = z.infer<typeof modelSchema>;

/** What every listing shows of a manifest; the rest stays in the database. */
type Shown = {
  version: string;
  sha256: Buffer;
  name: string | null;
  synthetic: boolean | null;
  features: number;
  medium: number | null;
  high: number | null;
  active: boolean;
  activated_at: Date | null;
  activated_by: string | null;
  approver: string | null;
  expires_on: string | null;
  silent: boolean | null;
  created_at: Date;
  created_by: string;
};

/** The models as one tenant sees them; only one version where it is given. */
export async function readModels(db: Db, tenantId: number, version?: string): Promise<ModelView[]> {
  const { rows } = await sql<Shown>`
    WITH latest AS (
      SELECT model_id, activated_at, activated_by, approver, expires_on, is_silent FROM model_activations
      WHERE tenant_id = ${tenantId} ORDER BY id DESC LIMIT 1
    )
    SELECT models.version, models.sha256, models.manifest->>'name' AS name, latest.approver,
      coalesce(latest.expires_on::text, CASE WHEN latest.model_id IS NOT NULL THEN models.manifest->'governance'->>'expires' END)
        AS expires_on, latest.is_silent AS silent, (models.manifest->>'synthetic')::boolean AS synthetic,
      jsonb_array_length(models.manifest->'features') AS features,
      coalesce(t.tiers, models.manifest->'tiers')->'medium' AS medium, coalesce(t.tiers, models.manifest->'tiers')->'high' AS high,
      latest.model_id IS NOT NULL AS active, latest.activated_at, latest.activated_by, models.created_at, models.created_by
    FROM models LEFT JOIN latest ON latest.model_id = models.id
    LEFT JOIN LATERAL (SELECT tiers FROM threshold_sets s WHERE s.model_id = models.id AND s.tenant_id = ${tenantId}
      ORDER BY s.version DESC LIMIT 1) t ON true
    WHERE ${usableBy(tenantId)} AND (${version ?? null}::text IS NULL OR models.version = ${version ?? null})
    ORDER BY models.id DESC LIMIT 1000`.execute(db);
  return rows.map(({ medium, high, ...row }) => ({
    ...row,
    sha256: row.sha256.toString('hex'),
    tiers: medium === null || high === null ? null : { medium, high },
    activated_at: row.activated_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }));
}

export const modelParams = z.object({
  version: z.string().max(64).meta({ description: 'Version of a model' }),
});
