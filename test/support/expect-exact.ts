import { expect } from 'vitest';
import { loadModel } from '#engine/index.ts';
import { NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import type { SampleJob } from './sample-job.ts';
import type { SampleModel } from './sample-model.ts';

/**
 * Holds every row that a job wrote against the reference scorer, row by row: predictions and audit, each exactly
 * once, bit for bit, with ids, facility and due date.
 */
export async function expectExactRows(
  db: Db,
  job: SampleJob,
  model: SampleModel,
  chunkNos: readonly number[] = job.chunks.map((_, chunkNo) => chunkNo),
): Promise<void> {
  const reference = loadModel(model.text.toString(), { scorer: 'reference' });
  const expected = chunkNos.flatMap((chunkNo) => {
    const rows = job.chunks[chunkNo];
    if (rows === undefined) return [];
    const rawScores = reference.predictColumns(rows.features, { raw: true });
    return Array.from({ length: rows.rowCount }, (_, row) => {
      const id = rows.patientIds.bytes.subarray(
        rows.patientIds.offsets[row],
        rows.patientIds.offsets[row + 1],
      );
      const facility = rows.facilities.indices[row] as number;
      const dueDate = rows.dueDates[row] as number;
      return {
        row_no: rows.rowNumbers[row],
        chunk_no: chunkNo,
        patient_id: Buffer.from(id).toString(),
        facility_id: facility === NO_FACILITY ? null : rows.facilities.names[facility],
        due_date: dueDate === NO_DATE ? null : new Date(dueDate * 86_400_000).toISOString().slice(0, 10),
        raw_score: rawScores[row],
      };
    });
  });
  const rows = await db
    .selectFrom('predictions as p')
    .innerJoin('audit_log as a', (join) =>
      join.onRef('a.job_id', '=', 'p.job_id').onRef('a.row_no', '=', 'p.row_no'),
    )
    .select(['p.row_no', 'p.chunk_no', 'p.patient_id', 'p.facility_id', 'p.due_date', 'p.raw_score'])
    .select([
      'p.risk',
      'p.tier',
      'a.patient_id as audited_id',
      'a.raw_score as audited_raw',
      'a.risk as audited_risk',
    ])
    .select(['a.tier as audited_tier', 'a.model_version', 'a.actor'])
    .where('p.job_id', '=', job.jobId)
    .orderBy('p.row_no')
    .execute();
  expect(
    rows.map(({ row_no, chunk_no, patient_id, facility_id, due_date, raw_score }) => ({
      row_no,
      chunk_no,
      patient_id,
      facility_id,
      due_date,
      raw_score,
    })),
  ).toEqual(expected);
  const { medium, high } = model.manifest.tiers;
  for (const row of rows) {
    expect(row.risk).toBeCloseTo(1 / (1 + Math.exp(-row.raw_score)), 14);
    expect(row.tier).toBe(row.risk >= high ? 2 : row.risk >= medium ? 1 : 0);
    expect([row.audited_id, row.audited_raw, row.audited_risk, row.audited_tier]).toEqual([
      row.patient_id,
      row.raw_score,
      row.risk,
      row.tier,
    ]);
    expect([row.model_version, row.actor]).toEqual([model.manifest.version, 'test']);
  }
  for (const table of ['predictions', 'audit_log'] as const) {
    const { count } = await db
      .selectFrom(table)
      .select((query) => query.fn.countAll<number>().as('count'))
      .where('job_id', '=', job.jobId)
      .executeTakeFirstOrThrow();
    expect([table, count]).toEqual([table, expected.length]);
  }
}
