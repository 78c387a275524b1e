import type { Db } from '#shared/db/database.ts';

export type Activation = { version: string; activatedAt: Date; activatedBy: string };

/** Which model was active when, and who did it; the latest first. */
export async function readActivations(db: Db, tenantId: number, limit = 100): Promise<Activation[]> {
  return await db
    .selectFrom('model_activations as a')
    .innerJoin('models as m', 'm.id', 'a.model_id')
    .select(['m.version', 'a.activated_at as activatedAt', 'a.activated_by as activatedBy'])
    .where('a.tenant_id', '=', tenantId)
    .orderBy('a.id', 'desc')
    .limit(limit)
    .execute();
}

/** Version of the model that shadows at present. */
export async function openShadow(db: Db, tenantId: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('model_shadows as s')
    .innerJoin('models as m', 'm.id', 's.model_id')
    .select('m.version')
    .where('s.tenant_id', '=', tenantId)
    .where('s.stopped_at', 'is', null)
    .executeTakeFirst();
  return row?.version;
}
