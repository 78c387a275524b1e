import { isoDateOf } from '#patients/record/iso-date.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import { TIERS, type Tier } from '#shared/models/manifest.ts';
import type { ScoredRow } from '#shared/scores/scored-row.ts';

export type ResultRow = {
  row: number;
  /** Empty: erased. */
  patientId: string;
  facilityId: string | undefined;
  /** YYYY-MM-DD */
  dueDate: string | undefined;
  risk: number;
  tier: Tier;
  reasons: ResultReason[];
  /** What people know the patient by; nothing where the job had no such columns. */
  identifiers: Identifiers;
};

export type ResultReason = {
  /** Index into the model's features. */
  feature: number;
  /** NaN where missing. */
  value: number;
  /** Log-odds, to six decimals. */
  contribution: number;
};

export function resultRowOf(row: ScoredRow): ResultRow {
  return {
    row: row.row,
    patientId: row.patientId ?? '',
    facilityId: row.facilityId,
    dueDate: row.dueDay === undefined ? undefined : isoDateOf(row.dueDay),
    risk: row.risk,
    tier: TIERS[row.tier] ?? 'low',
    reasons: row.reasons.map(({ feature, value, contribution }) => ({
      feature,
      value,
      contribution: Math.round(contribution * 1e6) / 1e6,
    })),
    identifiers: row.identifiers,
  };
}
