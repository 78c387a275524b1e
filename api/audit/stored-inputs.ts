import { decodeChunk } from '#shared/chunks/payload.ts';
import type { ApiDeps } from '#api/deps.ts';
import type { Db } from '#shared/db/database.ts';
import { inputHash } from '#shared/audit/input-hash.ts';
import type { AuditRecord, FoundRecord } from './audit-records.ts';

type StoredInput = {
  input: NonNullable<AuditRecord['input']>;
  /** SHA-256, hex */
  hash: string;
};

/**
 * What was scored, feature by feature, for each of the records, in their order: a job's out of the chunk's payload, each
 * chunk decoded once; an online request's out of its own row. Null where retention has removed it. Throws
 * `payload_corrupt` where a payload does not match its hash.
 */
export async function readStoredInputs(
  deps: Pick<ApiDeps, 'db' | 'models'>,
  found: readonly FoundRecord[],
): Promise<(StoredInput | null)[]> {
  const inputs = new Map<FoundRecord, StoredInput>();
  for (const group of Map.groupBy(found, ({ record }) => `${record.job_id}/${record.chunk}`).values()) {
    const first = group[0]?.record;
    if (first === undefined) continue;
    const values = first.source === 'job' ? await readChunkValues(deps.db, first) : readOwnValues;
    const { manifest } = await deps.models.modelByVersion(first.model.version);
    for (const item of group) {
      const stored = values?.(item);
      if (stored === undefined) continue;
      const { row, hash } = stored;
      const named = manifest.features.map(({ name, index }) => {
        const value = row[index] ?? NaN;
        return [name, Number.isNaN(value) ? null : value] as const;
      });
      inputs.set(item, { input: Object.fromEntries(named), hash });
    }
  }
  return found.map((item) => inputs.get(item) ?? null);
}

/** A record's features in the model's order, and their hash. */
type ValuesOf = (item: FoundRecord) => { row: ArrayLike<number>; hash: string } | undefined;

const readOwnValues: ValuesOf = ({ storedInput, record }) =>
  storedInput === null
    ? undefined
    : { row: new Float64Array(Uint8Array.from(storedInput).buffer), hash: record.input_hash ?? '' };

async function readChunkValues(db: Db, of: AuditRecord): Promise<ValuesOf | undefined> {
  const chunk = await db
    .selectFrom('chunks')
    .select(['payload', 'payload_sha256'])
    .where('job_id', '=', of.job_id)
    .where('chunk_no', '=', of.chunk)
    .executeTakeFirst();
  if (chunk === undefined || chunk.payload.length === 0) return undefined;
  const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
  return ({ record }) => {
    const at = rows.rowNumbers.indexOf(record.row);
    if (at < 0 || record.patient_id === null) return undefined;
    return { row: rows.features.map((column) => column[at] ?? NaN), hash: inputHash(rows, at) };
  };
}
