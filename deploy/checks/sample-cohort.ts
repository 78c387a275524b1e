import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Bodies of synthetic cohorts, each a multiple of one that the repository's generator made. */
export type SampleCohort = {
  /** A CSV of `rows` rows (a multiple of the block); the patients of a block come again in each. */
  body(rows: number): ReadableStream;
  readonly blockRows: number;
};

export async function sampleCohort(blockRows: number): Promise<SampleCohort> {
  const { stdout } = await run(
    process.execPath,
    ['models/synthetic/main.ts', '--rows', String(blockRows), '--seed', '11'],
    {
      encoding: 'buffer',
      maxBuffer: 1024 ** 3,
    },
  );
  const end = stdout.indexOf('\n') + 1;
  const [header, block] = [stdout.subarray(0, end), stdout.subarray(end)];
  return {
    blockRows,
    body(rows) {
      if (rows % blockRows !== 0) throw new Error(`rows must be a multiple of ${blockRows}`);
      const parts = function* () {
        yield header;
        for (let done = 0; done < rows; done += blockRows) yield block;
      };
      return Readable.toWeb(
        Readable.from(parts(), { objectMode: false, highWaterMark: 1 }),
      ) as ReadableStream;
    },
  };
}
