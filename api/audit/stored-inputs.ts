import { decodeChunk } from '#shared/chunks/payload.ts';
import type { ApiDeps } from '#api/deps.ts';
import type { AuditRecord, FoundRecord } from './audit-records.ts';

type Inputs = NonNullable<AuditRecord['input']>;

/**
 * What was scored, feature by feature, for each of the records, in their order: out of the chunk's payload, each chunk
 * decoded once. Null where the payload is gone. Throws `payload_corrupt` where it does not match its hash.
 */
export async function readStoredInputs(
  deps: Pick<ApiDeps, 'db' | 'models'>,
  found: readonly FoundRecord[],
): Promise<(Inputs | null)[]> {
  const inputs = new Map<FoundRecord, Inputs>();
  for (const group of Map.groupBy(found, ({ record }) => `${record.job_id}/${record.chunk}`).values()) {
    const first = group[0]?.record;
    if (first === undefined || first.source !== 'job') continue;
    const chunk = await deps.db
      .selectFrom('chunks')
      .select(['payload', 'payload_sha256'])
      .where('job_id', '=', first.job_id)
      .where('chunk_no', '=', first.chunk)
      .executeTakeFirst();
    if (chunk === undefined || chunk.payload.length === 0) continue;
    const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
    const { manifest } = await deps.models.modelByVersion(first.model.version);
    for (const item of group) {
      const at = rows.rowNumbers.indexOf(item.record.row);
      if (at < 0) continue;
      inputs.set(
        item,
        Object.fromEntries(
          manifest.features.map(({ name, index }) => {
            const value = rows.features[index]?.[at] ?? NaN;
            return [name, Number.isNaN(value) ? null : value];
          }),
        ),
      );
    }
  }
  return found.map((item) => inputs.get(item) ?? null);
}
