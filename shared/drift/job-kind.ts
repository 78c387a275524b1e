import { FEATURES } from '#patients/features/features.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import type { Counted } from './facility-counts.ts';
import type { DriftReference, JobKind } from './like-patients.ts';

/** What a kind of input leaves out, of features that the service knows. */
const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  records: [],
  stacked: FEATURES.filter(({ lineList }) => lineList === 'never').map(({ name }) => name),
  snapshot: FEATURES.filter(({ lineList }) => lineList !== 'snapshot').map(({ name }) => name),
};

/** With whom a job is to be compared: `asOf` is YYYY-MM-DD. */
export function jobKind(
  reference: DriftReference,
  manifest: Pick<ModelManifest, 'features' | 'facility_effect'>,
  job: { counted: Counted; absent: readonly string[]; asOf: string },
): JobKind {
  const { facility } = reference.binning;
  const [known, unknown] =
    facility === undefined ? [1, 0] : [0, 1].map((at) => job.counted.counts[facility.offset + at]!);
  return {
    month: Number(job.asOf.slice(5, 7)),
    format: formatOf(reference, manifest, job.absent),
    unknownFacility: (unknown ?? 0) / Math.max(1, (known ?? 0) + (unknown ?? 0)),
  };
}

/** The kind of input that leaves out most nearly what the job's source did. */
function formatOf(
  reference: DriftReference,
  { features, facility_effect: effect }: Pick<ModelManifest, 'features' | 'facility_effect'>,
  absent: readonly string[],
): string | undefined {
  const judged = features.map(({ name }) => name).filter((name) => name !== effect?.feature);
  const differences = (format: string) =>
    judged.filter((name) => absent.includes(name) !== (UNSEEN[format] ?? []).includes(name)).length;
  return reference.formats.toSorted((a, b) => differences(a) - differences(b))[0];
}
