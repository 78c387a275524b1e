import type { JobInput } from '#shared/jobs/job-input.ts';
import type { ModelRecord } from '#shared/models/store.ts';

export const EXPIRY_WARNING = 'model_expired';

/**
 * Warns in the description of a file that the model's time has run out. It goes on scoring: a list that stays away helps
 * nobody, and a person decides. `today` is YYYY-MM-DD.
 */
export function warnOfExpiry(input: JobInput, model: Pick<ModelRecord, 'expiresOn'>, today: string): void {
  if (model.expiresOn !== null && model.expiresOn <= today) input.warnings[EXPIRY_WARNING] = 1;
}
