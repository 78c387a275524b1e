/** How many can be called: the rows of highest risk, in each facility or in the whole job. */
export type Capacity = { rows: number; per: 'facility' | 'job' };

/**
 * SQL of the rows of `predictions` that fulfil `conditions` (safe text), of them only those within the capacity. Ties go
 * to the earlier row, so that the list is the same whenever it is read. Rows without a facility are one group.
 */
export function predictionsWithin(conditions: readonly string[], capacity: Capacity | undefined): string {
  const where = conditions.join(' AND ');
  if (capacity === undefined) return `predictions WHERE ${where}`;
  if (!Number.isSafeInteger(capacity.rows)) throw new TypeError('not an integer');
  const group = capacity.per === 'facility' ? 'PARTITION BY facility_id ' : '';
  // PostgreSQL stops numbering a group at the limit (a run condition, since 15).
  return `(SELECT *, row_number() OVER (${group}ORDER BY risk DESC, row_no) AS place
    FROM predictions WHERE ${where}) ranked WHERE place <= ${capacity.rows}`;
}
