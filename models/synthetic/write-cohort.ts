import type { Writable } from 'node:stream';
import { Cohort } from './cohort.ts';
import { LineListWriter } from './line-lists/write-line-list.ts';
import type { CohortCommand } from './options.ts';
import { RowWriter } from './row-writer.ts';
import { flatCsvHeader, writeCsvRow, writeNdjsonRow } from './write-flat.ts';
import { FhirWriter } from './write-fhir.ts';
import { writeNmrsMessage } from './write-nmrs.ts';

const FLUSH_BYTES = 1 << 18;

/** Streams a synthetic cohort into `out` at the pace that `out` takes it, in constant memory. */
export async function writeCohort(command: CohortCommand, out: Writable): Promise<void> {
  const cohort = new Cohort(command.cohort);
  const writer = new RowWriter();
  const write = rowWriterFor(command, cohort, writer);
  for (let i = 0; i < command.cohort.rows; i++) {
    cohort.make(i);
    write();
    if (writer.length >= FLUSH_BYTES) await flush(writer, out);
  }
  await flush(writer, out);
}

/** Waits until `out` has done with the bytes: the writer's one buffer is used again. */
async function flush(writer: RowWriter, out: Writable): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  out.write(writer.view(), (error) => (error ? reject(error) : resolve()));
  await promise;
  writer.clear();
}

/** Writes the head of the format at once and gives the function that writes the patient made last. */
function rowWriterFor(command: CohortCommand, cohort: Cohort, writer: RowWriter): () => void {
  switch (command.kind) {
    case 'nmrs':
      return () => writeNmrsMessage(cohort, writer);
    case 'fhir': {
      const fhir = new FhirWriter();
      return () => fhir.write(cohort, writer);
    }
    case 'radet':
    case 'nmrs-line-list':
    case 'ndr': {
      const list = new LineListWriter(command.kind, command.snapshots);
      writer.text(list.header());
      return () => list.write(cohort, writer);
    }
    case 'flat':
      if (command.format === 'ndjson') return () => writeNdjsonRow(cohort, writer);
      writer.text(flatCsvHeader());
      return () => writeCsvRow(cohort, writer);
  }
}
