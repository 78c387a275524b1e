import { sql } from 'kysely';
import type { Counter } from 'prom-client';
import { decodeChunk, NO_DATE } from '#shared/chunks/payload.ts';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import type { FeatureStore, PatientFeatures } from '#api/online/feature-store/feature-store.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { ModelStore } from '#shared/models/store.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';

/** Patients' latest features: from the store, else from the last job that scored them. */
export type PatientFeatureSource = {
  readonly store: FeatureStore;
  /** In the order of `patientIds`; undefined where nobody scored or put the patient within the store's TTL. */
  find: (tenantId: number, patientIds: readonly string[]) => Promise<(PatientFeatures | undefined)[]>;
};

export type PatientFeatureSourceOptions = {
  store: FeatureStore;
  db: Db;
  models: Pick<ModelStore, 'modelByVersion'>;
  clock: Clock;
  log: Logger;
  ttlSeconds: number;
  hits: Counter;
  misses: Counter;
};

const CHUNKS_AT_ONCE = 2;
const DAY_MS = 86_400_000;

/**
 * A read-through cache. A job costs the store nothing while it runs: the first question after it finds by the audit's index
 * that the patient was scored since, reads the row out of the job's chunk (some milliseconds) and puts it into the store,
 * where the next ones find it. Features older than the TTL are nobody's features.
 */
export function createPatientFeatureSource(options: PatientFeatureSourceOptions): PatientFeatureSource {
  const { store, db, models, clock, log, ttlSeconds, hits, misses } = options;
  const turn = turnstile(CHUNKS_AT_ONCE);

  const readRows = async (rows: readonly ScoredRow[]) => {
    const found = new Map<string, PatientFeatures>();
    const chunks = Map.groupBy(rows, (row) => `${row.job_id}/${row.chunk_no}`);
    await Promise.all(
      [...chunks.values()].map((group) =>
        turn(async () => {
          for (const [id, features] of await readChunk(db, models, group, clock.nowMs()))
            found.set(id, features);
        }),
      ),
    );
    return found;
  };
  return {
    store,
    find: async (tenantId, patientIds) => {
      const since = new Date(clock.nowMs() - ttlSeconds * 1_000);
      const [stored, scored] = await Promise.all([
        store.get(tenantId, patientIds),
        lastScored(db, tenantId, patientIds, since),
      ]);
      const storedAtMs = new Map(patientIds.map((id, i) => [id, stored[i]?.storedAtMs ?? 0]));
      const newer = scored.filter((row) => row.recorded_at.getTime() > (storedAtMs.get(row.patient_id) ?? 0));
      const outdated = new Set(newer.map((row) => row.patient_id));
      const hitCount = patientIds.filter((id, i) => stored[i] !== undefined && !outdated.has(id)).length;
      hits.inc(hitCount);
      misses.inc(patientIds.length - hitCount);
      const found = await readRows(newer);
      if (found.size > 0) {
        const entries = [...found].map(([patientId, features]) => ({ patientId, features }));
        await store.put(tenantId, entries).catch((error: unknown) => {
          log.warn({ err: error }, 'the feature store did not take features of a job');
        });
      }
      return patientIds.map((id, i) => found.get(id) ?? stored[i]);
    },
  };
}

type ScoredRow = {
  patient_id: string;
  job_id: string;
  chunk_no: number;
  row_no: number;
  model_version: string;
  recorded_at: Date;
};

async function lastScored(
  db: Db,
  tenantId: number,
  patientIds: readonly string[],
  since: Date,
): Promise<ScoredRow[]> {
  const { rows } = await sql<ScoredRow>`
    SELECT DISTINCT ON (a.patient_id) a.patient_id, a.job_id, a.chunk_no, a.row_no, a.model_version, a.recorded_at
    FROM unnest(${[...patientIds]}::text[]) asked (id)
    CROSS JOIN LATERAL audit_of_patient(asked.id, ${since}, NULL, ${tenantId}::int2) a
    WHERE a.source = 'job' AND a.patient_id = asked.id
    ORDER BY a.patient_id, a.recorded_at DESC, a.job_id, a.row_no DESC`.execute(db);
  return rows;
}

async function readChunk(
  db: Db,
  models: Pick<ModelStore, 'modelByVersion'>,
  wanted: readonly ScoredRow[],
  storedAtMs: number,
): Promise<[string, PatientFeatures][]> {
  const { job_id, chunk_no, model_version } = wanted[0]!;
  const chunk = await db
    .selectFrom('chunks')
    .select(['payload', 'payload_sha256'])
    .where('job_id', '=', job_id)
    .where('chunk_no', '=', chunk_no)
    .executeTakeFirst();
  // Retention empties old payloads.
  if (chunk === undefined || chunk.payload.length === 0) return [];
  const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
  const { manifest } = await models.modelByVersion(model_version);
  return wanted.flatMap((row) => {
    const at = rows.rowNumbers.indexOf(row.row_no);
    if (at < 0) return [];
    const values: Record<string, number> = {};
    for (const { name, index } of manifest.features) {
      const value = rows.features[index]?.[at] ?? NaN;
      if (!Number.isNaN(value)) values[name] = value;
    }
    const dueDay = rows.dueDates[at] ?? NO_DATE;
    const features: PatientFeatures = {
      facilityId: rows.facilities.names[rows.facilities.indices[at] ?? -1] ?? null,
      dueDate: dueDay === NO_DATE ? null : isoDateOf(dueDay),
      asOf: asOfDate(dueDay, values['days_to_due'], row.recorded_at),
      storedAtMs,
      values,
    };
    return [[row.patient_id, features]];
  });
}

/** Due date less days to it, where a row has both; else the day on which it was scored. */
function asOfDate(dueDay: number, daysToDue: number | undefined, recordedAt: Date): string {
  const day =
    dueDay === NO_DATE || daysToDue === undefined
      ? Math.floor(recordedAt.getTime() / DAY_MS)
      : dueDay - daysToDue;
  return isoDateOf(day);
}

/** Lets at most `places` pieces of work run at once; the others wait in order. */
function turnstile(places: number): (work: () => Promise<void>) => Promise<void> {
  let free = places;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
