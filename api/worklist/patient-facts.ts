import { type ChunkRows, decodeChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import { featureByName, featureIndex, FEATURES } from '#patients/features/features.ts';
import { loweringReasons, type PersonReason, raisingReasons } from '#patients/features/people-reasons.ts';
import { reasonText } from '#patients/features/reason-text.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import type { WorklistRow } from './worklist-rows.ts';

/** What a health worker wants to know beside the risk; undefined where the features do not say. */
export type PatientFacts = {
  /** Days since 1970-01-01: the day that the features describe. */
  asOfDay: number | undefined;
  lastPickupDay: number | undefined;
  lastSupplyDays: number | undefined;
  viralLoad: number | undefined;
  viralLoadDay: number | undefined;
  serviceDelivery: string | undefined;
  /** In years. */
  age: number | undefined;
  sex: string | undefined;
  /** As the source wrote them; empty where it has none. */
  identifiers: Identifiers;
  /** The weightiest first, at most one from each group; what stands above is not said again. */
  raising: PersonReason[];
  lowering: PersonReason[];
};

const NO_FACTS: PatientFacts = {
  asOfDay: undefined,
  lastPickupDay: undefined,
  lastSupplyDays: undefined,
  viralLoad: undefined,
  viralLoadDay: undefined,
  serviceDelivery: undefined,
  age: undefined,
  sex: undefined,
  identifiers: {},
  raising: [],
  lowering: [],
};

/**
 * Facts of the rows, in their order, out of the chunks' payloads, each chunk read and decoded once and let go. Rows whose
 * payload is gone have none. Throws `payload_corrupt`.
 */
export async function readPatientFacts(
  db: Db,
  manifest: ModelManifest,
  jobId: string,
  rows: readonly WorklistRow[],
  signal: AbortSignal,
): Promise<PatientFacts[]> {
  const facts = rows.map(() => NO_FACTS);
  const byChunk = Map.groupBy(rows.keys(), (at) => rows[at]!.chunk);
  const read = factReader(manifest);
  for (const [chunkNo, places] of byChunk) {
    signal.throwIfAborted();
    const chunk = await db
      .selectFrom('chunks')
      .select(['payload', 'payload_sha256'])
      .where('job_id', '=', jobId)
      .where('chunk_no', '=', chunkNo)
      .executeTakeFirst();
    if (chunk === undefined || chunk.payload.length === 0) continue;
    const content = await decodeChunk(chunk.payload, chunk.payload_sha256);
    const placeOf = new Map(Array.from(content.rowNumbers, (row, at) => [row, at]));
    for (const place of places) {
      const at = placeOf.get(rows[place]!.row);
      if (at !== undefined) facts[place] = read(content, at, rows[place]!);
    }
  }
  return facts;
}

/** Reads one row's facts; `known` is filled again for every row. */
function factReader(
  manifest: ModelManifest,
): (chunk: ChunkRows, at: number, row: WorklistRow) => PatientFacts {
  const known = new Float64Array(FEATURES.length).fill(NaN);
  const places = manifest.features.map(({ name }) =>
    featureByName(name) === undefined ? -1 : featureIndex(name),
  );
  const labelsOf = (name: string) =>
    new Map(featureByName(name)?.categories?.map(({ code, label }) => [code, label]));
  const deliveries = labelsOf('dsd_model');
  const sexes = labelsOf('gender');
  const valueOf = (name: string) => {
    const value = known[featureIndex(name)]!;
    return Number.isNaN(value) ? undefined : value;
  };
  return (chunk, at, row) => {
    for (const [feature, place] of places.entries()) {
      if (place >= 0) known[place] = chunk.features[feature]?.[at] ?? NaN;
    }
    const asOfDay = minus(row.dueDay, valueOf('days_to_due'));
    const contributions = new Map(
      row.reasons.map(({ feature, contribution }) => [
        manifest.features[feature]?.name ?? `feature_${feature}`,
        contribution,
      ]),
    );
    const effects = manifest.reason_effects;
    const value = (name: string) => known[featureIndex(name)]!;
    const words = (keep: (contribution: number) => boolean) =>
      row.reasons.flatMap(({ feature, contribution }): PersonReason[] => {
        const name = manifest.features[feature]?.name;
        const own = chunk.features[feature]?.[at] ?? NaN;
        if (name === undefined || Number.isNaN(own) || !keep(contribution)) return [];
        return [
          { feature: name, key: 'reason.other', values: { text: reasonText(name, own, contribution) } },
        ];
      });
    const knowsPatients = places.some((place) => place >= 0);
    const delivery = valueOf('dsd_model');
    const sex = valueOf('gender');
    return {
      asOfDay,
      lastPickupDay: minus(asOfDay, valueOf('days_since_last_refill')),
      lastSupplyDays: valueOf('last_days_supply'),
      viralLoad: valueOf('viral_load'),
      viralLoadDay: minus(asOfDay, valueOf('viral_load_age_days')),
      serviceDelivery: delivery === undefined ? undefined : deliveries.get(delivery),
      identifiers: Object.fromEntries(
        chunk.identifiers.flatMap(({ name, texts, indices }) => {
          const text = texts[indices[at] ?? -1];
          return text === undefined ? [] : [[name, text] as const];
        }),
      ),
      age: valueOf('age'),
      sex: sex === undefined ? undefined : sexes.get(sex),
      raising: knowsPatients
        ? raisingReasons(value, effects, contributions)
        : words((contribution) => contribution > 0),
      lowering: knowsPatients
        ? loweringReasons(value, effects, contributions)
        : words((contribution) => contribution <= 0),
    };
  };
}

function minus(day: number | undefined, days: number | undefined): number | undefined {
  return day === undefined || days === undefined ? undefined : day - days;
}
