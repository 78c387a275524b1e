import type { FormatContext, InputFormat } from './input-format.ts';
import { type CohortLayout, layOut, roleLookup } from './cohort-layout.ts';
import type { Reservation } from '#api/limits/memory-budget.ts';
import { RowBuilder } from './row-builder.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** Refused rows are written with the next chunk, or by themselves when this many have come together. */
const REJECTIONS_TOGETHER = 2_000;

export type ReceiveOptions = {
  body: AsyncIterable<Buffer>;
  format: InputFormat;
  memory: Reservation;
  manifest: ModelManifest;
  ignoreUnknown: boolean;
  chunkRows: number;
  maxRowBytes: number;
  /** Called once, when the columns are known to be good and before any row is taken: now the job may exist. */
  onLayout: (layout: CohortLayout) => ChunkWriter;
};

/**
 * Reads a body to its end into chunks; memory holds one chunk, its copies under way and one buffer of the body,
 * however long the body is. Throws what the body, the format and the layout throw; `empty_body` for no bytes,
 * `empty_cohort` for no rows.
 */
export async function receiveCohort(options: ReceiveOptions): Promise<{ rowCount: number }> {
  const { manifest, ignoreUnknown, chunkRows, maxRowBytes, onLayout } = options;
  let writer: ChunkWriter | undefined;
  const rows = new RowBuilder({
    manifest,
    chunkRows,
    onChunk: (chunk) => writer?.chunk(chunk, rows.takeRejections(), rows.takeDuplicates()),
  });
  const context: FormatContext = {
    rows,
    memory: options.memory,
    manifest,
    ready: async () => await writer?.ready(),
    maxRowBytes,
    ignoreUnknown,
    layOut: (names) => {
      const layout = layOut(names, { manifest, ignoreUnknown });
      writer = onLayout(layout);
      return layout;
    },
    roleOf: roleLookup(manifest),
  };
  const parser = options.format.open(context);
  let byteCount = 0;
  for await (const bytes of options.body) {
    byteCount += bytes.length;
    await parser.write(bytes);
    if (writer === undefined) continue;
    if (rows.rejectionCount >= REJECTIONS_TOGETHER)
      writer.rejections(rows.takeRejections(), rows.takeDuplicates());
    await writer.ready();
  }
  if (byteCount === 0) throw new ServiceError('empty_body', 'The body is empty.');
  await parser.end();
  if (writer === undefined || rows.rowNo === 0)
    throw new ServiceError('empty_cohort', 'The cohort has a header and no rows.');
  rows.flush();
  if (rows.rejectionCount > 0) writer.rejections(rows.takeRejections(), rows.takeDuplicates());
  await writer.finish();
  return { rowCount: rows.rowNo };
}
