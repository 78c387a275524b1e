import type { ModelManifest, Tier } from '#shared/models/manifest.ts';
import { TIERS } from '#shared/models/manifest.ts';

/**
 * Code of a risk's tier as stored (0 low, 1 medium, 2 high): by the facility's own cut-offs where the model's manifest
 * gives them, else by the model's. Jobs and online answers share it.
 */
export type TierPolicy = (risk: number, facilityId: string | null | undefined) => number;

export function tierPolicy(tiers: ModelManifest['tiers']): TierPolicy {
  const { medium, high } = tiers;
  const own = new Map(Object.entries(tiers.facility_overrides ?? {}));
  const code = (risk: number, cutoffs: { medium: number; high: number }) =>
    risk >= cutoffs.high ? 2 : risk >= cutoffs.medium ? 1 : 0;
  if (own.size === 0) return (risk) => (risk >= high ? 2 : risk >= medium ? 1 : 0);
  return (risk, facilityId) =>
    code(risk, (facilityId === null || facilityId === undefined ? undefined : own.get(facilityId)) ?? tiers);
}

export function tierName(code: number): Tier {
  return TIERS[code] ?? 'high';
}
