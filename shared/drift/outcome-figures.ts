import { sql } from 'kysely';

/** Days that a prediction looks ahead. */
export const WINDOW_DAYS = 90;
/** Outcomes read at once; beyond, the latest. */
export const MOST_OUTCOMES = 2_000_000;
/** Of the normal distribution, for intervals of 95 %. */
export const TWO_SIDED_95 = 1.96;

/** The last day whose windows were over when the latest outcome was known. */
export function lastClosedDay(tenantId: number, modelId: number) {
  return sql`(SELECT max(known_on) - ${WINDOW_DAYS}::int FROM outcomes WHERE model_id = ${modelId} AND tenant_id = ${tenantId})`;
}

/** Hanley and McNeil (1982), with as many cases as there are patients: one patient's predictions are much alike. */
export function aucInterval(auc: number, positives: number, negatives: number): [number, number] | null {
  if (positives === 0 || negatives <= 0) return null;
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc ** 2) / (1 + auc);
  const variance =
    (auc * (1 - auc) + (positives - 1) * (q1 - auc ** 2) + (negatives - 1) * (q2 - auc ** 2)) /
    (positives * negatives);
  const margin = TWO_SIDED_95 * Math.sqrt(variance);
  return [Math.max(0, auc - margin), Math.min(1, auc + margin)];
}

/** The Mann–Whitney statistic; null where one class is empty. `rank_sum` is of the interrupted, ties at their mean rank. */
export function aucOf({
  n,
  interrupted,
  rank_sum: rankSum,
}: {
  n: number;
  interrupted: number;
  rank_sum: number | null;
}): number | null {
  const others = n - interrupted;
  if (rankSum === null || others === 0) return null;
  return (rankSum - (interrupted * (interrupted + 1)) / 2) / (interrupted * others);
}

/** Wilson's interval of a share among so many patients: one patient's predictions are much alike. */
export function wilson(share: number, patients: number): [number, number] {
  const z = TWO_SIDED_95;
  const scale = 1 + z ** 2 / patients;
  const middle = (share + z ** 2 / (2 * patients)) / scale;
  const margin = (z * Math.sqrt((share * (1 - share)) / patients + (z / (2 * patients)) ** 2)) / scale;
  return [Math.max(0, middle - margin), Math.min(1, middle + margin)];
}
