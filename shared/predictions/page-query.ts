import { TIERS } from '#shared/models/manifest.ts';
import { ofJob } from '#shared/scores/read-blocks.ts';
import { predictionsWithin } from './capacity.ts';
import type { ResultFilter, ResultPosition } from './read-prediction-rows.ts';

/** SQL of the row numbers of one page of a job without lists. Throws a TypeError for what is no safe literal. */
export function rowNumbersQuery(
  filter: ResultFilter,
  after: ResultPosition | undefined,
  limit: number,
): string {
  const conditions = [ofJob(filter)];
  if (filter.tier !== undefined) conditions.push(`tier = ${TIERS.indexOf(filter.tier)}`);
  if (filter.minRisk !== undefined) conditions.push(`risk >= ${float8(filter.minRisk)}`);
  const source = predictionsWithin(conditions, filter.capacity);
  const page = (beyond: string, order: string) =>
    `SELECT row_no FROM ${source}${beyond} ORDER BY ${order} LIMIT ${Math.trunc(limit)}`;
  if (filter.order === 'input') {
    return page(after === undefined ? '' : ` AND row_no > ${Math.trunc(after.row)}`, 'row_no');
  }
  // PostgreSQL's own: the last place of a risk that it computes may be another than JavaScript's.
  const risk =
    after === undefined
      ? ''
      : `(SELECT risk FROM prediction('${filter.jobId}'::uuid, ${Math.trunc(after.row)}))`;
  return page(
    after === undefined
      ? ''
      : ` AND (risk < ${risk} OR (risk = ${risk} AND row_no > ${Math.trunc(after.row)}))`,
    'risk DESC, row_no',
  );
}

function float8(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('not a finite number');
  return `'${value}'::float8`;
}
