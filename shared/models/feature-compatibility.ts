import { featureByName } from '#patients/features/features.ts';
import type { ModelManifest } from './manifest.ts';

/** Why this release cannot give a model its features; empty where it can. */
export function featureProblems(manifest: ModelManifest): string[] {
  return manifest.features.flatMap((given) => {
    const known = featureByName(given.name);
    if (known === undefined) return [`${given.name}: this release has no such feature`];
    if (known.kind !== given.kind) return [`${given.name}: is ${known.kind} here, not ${given.kind}`];
    const codes = (list: readonly { code: number }[] | undefined) =>
      JSON.stringify(list?.map(({ code }) => code) ?? []);
    return codes(known.categories) === codes(given.categories)
      ? []
      : [`${given.name}: has other categories here`];
  });
}

/**
 * Columns of one model's rows in the order of another's features; undefined where the other needs a feature that the
 * rows do not have.
 */
export function columnsFor(
  wanted: Pick<ModelManifest, 'features'>,
  given: Pick<ModelManifest, 'features'>,
): number[] | undefined {
  const places = new Map(given.features.map(({ name, index }) => [name, index]));
  const columns = wanted.features.map(({ name }) => places.get(name));
  return columns.every((column) => column !== undefined) ? columns : undefined;
}
