import { z } from 'zod';
import { IDENTIFIER_NAMES } from '#patients/record/identifiers.ts';
import { csvCell } from './csv-cell.ts';
import type { ReasonTexts } from './reason-texts.ts';
import type { ResultRow } from '#shared/predictions/read-prediction-rows.ts';

export const resultSchema = z
  .object({
    row: z.int().positive().meta({ description: 'Record number in the upload, refused records counted' }),
    patient_id: z.string(),
    facility_id: z.string().nullable(),
    due_date: z.iso.date().nullable(),
    risk: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Probability of interruption within the window of the model' }),
    tier: z.enum(['low', 'medium', 'high']),
    reasons: z
      .array(
        z.object({
          feature: z.string(),
          value: z.number().nullable().meta({ description: 'null: missing' }),
          contribution: z.number().meta({ description: 'Log-odds (TreeSHAP); above 0 raises the risk' }),
          text: z.string(),
        }),
      )
      .meta({ description: 'The weightiest first; as many as the job was submitted with in `explain`' }),
    identifiers: z
      .partialRecord(z.enum(IDENTIFIER_NAMES), z.string())
      .optional()
      .meta({ description: 'What the cohort held beside the id; only where it had such columns' }),
  })
  .meta({ id: 'Result' });

export type ResultView = z.infer<typeof resultSchema>;

export function resultView(row: ResultRow, texts: ReasonTexts): ResultView {
  return {
    row: row.row,
    patient_id: row.patientId,
    facility_id: row.facilityId ?? null,
    due_date: row.dueDate ?? null,
    risk: row.risk,
    tier: row.tier,
    reasons: row.reasons.map((reason) => ({
      feature: texts.nameOf(reason),
      value: Number.isNaN(reason.value) ? null : reason.value,
      contribution: reason.contribution,
      text: texts.textOf(reason, row.reasons),
    })),
    ...(hasNone(row.identifiers) ? {} : { identifiers: row.identifiers }),
  };
}

function hasNone(identifiers: object): boolean {
  for (const _ in identifiers) return false;
  return true;
}

/** How a stream is written: its head once, a block for each page of rows, and what the format puts behind them. */
export type ResultWriter = {
  head: string;
  block: (rows: readonly ResultRow[]) => string | Uint8Array;
  end?: () => Uint8Array;
  /** Rows a block, where the format wants more of them than text does. */
  pageRows?: number;
};

export function ndjsonWriter(texts: ReasonTexts): ResultWriter {
  return {
    head: '',
    block: (rows) => rows.map((row) => `${JSON.stringify(resultView(row, texts))}\n`).join(''),
  };
}

/** One line a row (RFC 4180, CRLF); four columns for each of `reasonCount` reasons. */
export function csvWriter(texts: ReasonTexts, reasonCount: number): ResultWriter {
  const reasonHeads = Array.from({ length: reasonCount }, (_, index) =>
    ['feature', 'value', 'contribution', 'text'].map((part) => `reason_${index + 1}_${part}`),
  ).flat();
  const line = (row: ResultRow) => {
    let text = `${row.row},${csvCell(row.patientId)},${csvCell(row.facilityId ?? '')},${row.dueDate ?? ''},${row.risk},${row.tier}`;
    for (let index = 0; index < reasonCount; index++) {
      const reason = row.reasons[index];
      text +=
        reason === undefined
          ? ',,,,'
          : `,${csvCell(texts.nameOf(reason))},${Number.isNaN(reason.value) ? '' : reason.value},${reason.contribution},${csvCell(texts.textOf(reason, row.reasons))}`;
    }
    return `${text}\r\n`;
  };
  return {
    head: `${['row', 'patient_id', 'facility_id', 'due_date', 'risk', 'tier', ...reasonHeads].join(',')}\r\n`,
    block: (rows) => rows.map(line).join(''),
  };
}
