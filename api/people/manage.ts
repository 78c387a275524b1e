import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { Role } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Area, setAreas } from './areas.ts';
import type { Sessions } from './sessions.ts';

/**
 * Changes what somebody may do, or shuts them out; every session of theirs ends. Nobody changes themselves, so that there is
 * always somebody who can. Throws `not_found`, `forbidden`.
 */
export async function changePerson(
  trx: Db,
  sessions: Sessions,
  change: {
    tenantId: number;
    id: string;
    by: string;
    role?: Role;
    areas?: readonly Area[];
    isDisabled?: boolean;
  },
): Promise<void> {
  if (change.id === change.by)
    throw new ServiceError('forbidden', 'Ask another administrator to change you.');
  const person = await trx
    .selectFrom('people')
    .select('id')
    .where('tenant_id', '=', change.tenantId)
    .where('id', '=', change.id)
    .executeTakeFirst();
  if (person === undefined) throw new ServiceError('not_found', 'There is no such person.');
  if (change.role !== undefined)
    await trx.updateTable('people').set({ role: change.role }).where('id', '=', change.id).execute();
  if (change.areas !== undefined) await setAreas(trx, change.id, change.areas);
  if (change.isDisabled !== undefined) {
    await trx
      .updateTable('people')
      .set({ disabled_at: change.isDisabled ? sql<Date>`now()` : null })
      .where('id', '=', change.id)
      .execute();
  }
  await sessions.endAllOf(trx, change.id);
}
