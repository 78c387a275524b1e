import { ServiceError } from '#shared/errors/errors.ts';
import type { JobInput } from '#shared/jobs/job-input.ts';
import { type InputKind, isValidatedOn, type ModelManifest } from '#shared/models/manifest.ts';

/** `warn`: scored, and said wherever its risks are shown · `refuse`: not taken. */
export type UnvalidatedFormats = 'warn' | 'refuse';

export const FORMAT_WARNING = 'format_not_validated';
/** Stands beside risks that such an input was given. */
export const FORMAT_NOTICE =
  'The model was not validated on such an input: its risks and tiers may be far off.';

const WORDS: Readonly<Record<InputKind, string>> = {
  table: 'feature tables',
  records: 'patient records',
  stacked: 'stacked snapshots of a line list',
  snapshot: 'a single snapshot of a line list',
};

/**
 * Warns in the description of the file that the model was not tried on such an input, or failed there: its risks may be far
 * off. Throws `format_not_validated` where the service is set to refuse them.
 */
export function judgeFormat(
  input: JobInput,
  manifest: Pick<ModelManifest, 'formats' | 'version' | 'prediction'>,
  kind: InputKind,
  unvalidated: UnvalidatedFormats,
): void {
  if (manifest.prediction !== undefined && kind !== 'table') {
    throw new ServiceError(
      FORMAT_WARNING,
      `Model ${manifest.version} knows nothing of ${WORDS[kind]}: send a table of its own columns.`,
    );
  }
  if (isValidatedOn(manifest, kind)) return;
  if (unvalidated === 'refuse')
    throw new ServiceError(
      FORMAT_WARNING,
      `Model ${manifest.version} was not validated on ${WORDS[kind]}: its risks may be far off there. Send patient records, or choose a model that was.`,
    );
  input.warnings[FORMAT_WARNING] = 1;
}
