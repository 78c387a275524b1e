import { zstdCompressSync } from 'node:zlib';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import type { ResultRow } from '#shared/predictions/read-prediction-rows.ts';
import type { ReasonTexts } from './reason-texts.ts';
import type { ResultWriter } from './result-formats.ts';

/** A row group: some megabytes of rows while it is made. */
const GROUP_ROWS = 10_000;

type Column = { element: SchemaElement; valueOf: (row: ResultRow) => string | number | undefined };

/**
 * The columns of the CSV as Parquet, a row group a page: missing values are nulls, days are dates, numbers are doubles bit for
 * bit, texts stand as they are. `facts` become the file's key-value metadata.
 */
export function parquetWriter(
  texts: ReasonTexts,
  reasonCount: number,
  facts: Readonly<Record<string, string>>,
): ResultWriter {
  const columns = columnsOf(texts, reasonCount);
  const bytes = new ByteWriter();
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(({ element }) => element)],
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    kvMetadata: Object.entries(facts).map(([key, value]) => ({ key, value })),
    createdBy: 'iit-ml-service',
  });
  const taken = () => {
    const made = bytes.getBytes().slice();
    bytes.index = 0;
    return made;
  };
  return {
    head: '',
    pageRows: GROUP_ROWS,
    block: (rows) => {
      const columnData = columns.map(({ element, valueOf }) => ({
        name: element.name,
        data: rows.map(valueOf),
      }));
      void file.write({ columnData, rowGroupSize: GROUP_ROWS });
      return taken();
    },
    end: () => {
      void file.finish();
      return taken();
    },
  };
}

function columnsOf(texts: ReasonTexts, reasonCount: number): Column[] {
  const reasons = Array.from({ length: reasonCount }, (_, index): Column[] => {
    const name = (part: string) => `reason_${index + 1}_${part}`;
    return [
      {
        element: text(name('feature'), 'OPTIONAL'),
        valueOf: ({ reasons }) => (reasons[index] === undefined ? undefined : texts.nameOf(reasons[index])),
      },
      {
        element: double(name('value'), 'OPTIONAL'),
        valueOf: ({ reasons }) => numberOrNull(reasons[index]?.value),
      },
      {
        element: double(name('contribution'), 'OPTIONAL'),
        valueOf: ({ reasons }) => reasons[index]?.contribution,
      },
      {
        element: text(name('text'), 'OPTIONAL'),
        valueOf: ({ reasons }) =>
          reasons[index] === undefined ? undefined : texts.textOf(reasons[index], reasons),
      },
    ];
  });
  return [
    { element: { name: 'row', type: 'INT32', repetition_type: 'REQUIRED' }, valueOf: ({ row }) => row },
    { element: text('patient_id', 'REQUIRED'), valueOf: ({ patientId }) => patientId },
    { element: text('facility_id', 'OPTIONAL'), valueOf: ({ facilityId }) => facilityId },
    {
      element: {
        name: 'due_date',
        type: 'INT32',
        converted_type: 'DATE',
        logical_type: { type: 'DATE' },
        repetition_type: 'OPTIONAL',
      },
      valueOf: ({ dueDate }) => (dueDate === undefined ? undefined : parseIsoDay(dueDate)),
    },
    { element: double('risk', 'REQUIRED'), valueOf: ({ risk }) => risk },
    { element: text('tier', 'REQUIRED'), valueOf: ({ tier }) => tier },
    ...reasons.flat(),
  ];
}

function text(name: string, repetition: 'REQUIRED' | 'OPTIONAL'): SchemaElement {
  return {
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: repetition,
  };
}

function double(name: string, repetition: 'REQUIRED' | 'OPTIONAL'): SchemaElement {
  return { name, type: 'DOUBLE', repetition_type: repetition };
}

function numberOrNull(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
