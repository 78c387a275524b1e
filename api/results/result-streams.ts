import { PARQUET } from '#api/ingest/sniff/media-type.ts';
import type { JobRow } from '#api/jobs/job-row.ts';
import { NOT_A_DIAGNOSIS, type Prediction } from '#shared/models/manifest.ts';
import { parquetWriter } from './parquet-writer.ts';
import type { ReasonTexts } from './reason-texts.ts';
import { csvWriter, ndjsonWriter, predictionCsvWriter, type ResultWriter } from './result-formats.ts';

export type StreamFormat = 'ndjson' | 'csv' | 'parquet';
type Stream = { type: string; writer: ResultWriter };

/** Results as one file, for a download or an object: its media type and a writer of it. */
export const RESULT_STREAMS: Record<
  StreamFormat,
  (
    texts: ReasonTexts,
    job: Pick<JobRow, 'id' | 'explain' | 'model_version' | 'model_sha256'>,
    prediction?: Prediction,
  ) => Stream
> = {
  ndjson: (texts) => ({ type: 'application/x-ndjson', writer: ndjsonWriter(texts) }),
  csv: (texts, job, prediction) => ({
    type: 'text/csv; charset=utf-8; header=present',
    writer:
      prediction === undefined
        ? csvWriter(texts, job.explain)
        : predictionCsvWriter(texts, job.explain, prediction),
  }),
  parquet: (texts, job) => ({
    type: PARQUET,
    writer: parquetWriter(texts, job.explain, {
      'iit.job': job.id,
      'iit.model': job.model_version,
      'iit.model.sha256': job.model_sha256.toString('hex'),
      'iit.notice': NOT_A_DIAGNOSIS,
    }),
  }),
};
