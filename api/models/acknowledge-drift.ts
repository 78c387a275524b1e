import { recordAccess } from '#api/audit/record-access.ts';
import type { Call } from '#api/route.ts';
import { acknowledgeAlarms } from '#shared/drift/alarm-store.ts';

/** Acknowledges drift alarms of a model, all that stand without `alarms`, and logs it. Returns the ids of those it changed. */
export async function acknowledge(
  call: Call<{ version: string }, unknown>,
  given: { reason: string; expected: boolean; alarms?: number[] | undefined },
): Promise<number[]> {
  const { deps, principal, params } = call;
  const model = await deps.models.modelOf(principal.tenantId, params.version);
  return await deps.db.transaction().execute(async (trx) => {
    const changed = await acknowledgeAlarms(trx, {
      tenantId: principal.tenantId,
      modelId: model.id,
      ids: given.alarms,
      actor: principal.actor,
      reason: given.reason,
      isExpected: given.expected,
    });
    const alarms = changed.map(({ id }) => id).toSorted((a, b) => a - b);
    if (alarms.length === 0) return alarms;
    const subjects = [...new Set(changed.map(({ subject }) => subject))].toSorted();
    const details = { reason: given.reason, expected: given.expected, alarms, subjects };
    await recordAccess(call, { action: 'drift.acknowledge', entity: `model/${model.version}`, details }, trx);
    return alarms;
  });
}
