import { z } from 'zod';
import { IDENTIFIER_NAMES } from '#patients/record/identifiers.ts';
import type { Prediction } from '#shared/models/manifest.ts';
import { csvCell } from './csv-cell.ts';
import type { ReasonTexts } from './reason-texts.ts';
import type { ResultRow } from '#shared/predictions/read-prediction-rows.ts';

export const resultSchema = z
  .object({
    row: z.int().positive().meta({ description: 'Record number in the upload, refused records counted' }),
    patient_id: z.string(),
    facility_id: z.string().nullable(),
    due_date: z.iso.date().nullable(),
    risk: z.number().meta({
      description:
        'Probability of interruption within the window of the model; of another kind of model what `prediction` has',
    }),
    tier: z.enum(['low', 'medium', 'high']).meta({ description: 'low where the model has no tiers' }),
    prediction: z
      .object({
        kind: z.enum(['probability', 'value', 'class', 'rank']),
        value: z.number().meta({ description: 'Of a class its probability' }),
        class: z.string().nullable().meta({ description: 'The likeliest' }),
        probabilities: z.record(z.string(), z.number()).nullable(),
      })
      .optional()
      .meta({ description: 'Of a model of another table than patients’' }),
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

/** A row of another table than patients' as it is shown; undefined for patients. */
export type PredictionView = NonNullable<ResultView['prediction']>;
export type PredictionOf = (row: ResultRow) => PredictionView | undefined;

const NO_PREDICTION: PredictionOf = () => undefined;

export function resultView(
  row: ResultRow,
  texts: ReasonTexts,
  predictionOf: PredictionOf = NO_PREDICTION,
): ResultView {
  const prediction = predictionOf(row);
  return {
    row: row.row,
    patient_id: row.patientId,
    facility_id: row.facilityId ?? null,
    due_date: row.dueDate ?? null,
    risk: row.risk,
    tier: row.tier,
    ...(prediction === undefined ? {} : { prediction }),
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
  block: (rows: readonly ResultRow[], predictionOf?: PredictionOf) => string | Uint8Array;
  end?: () => Uint8Array;
  /** Rows a block, where the format wants more of them than text does. */
  pageRows?: number;
};

export function ndjsonWriter(texts: ReasonTexts): ResultWriter {
  return {
    head: '',
    block: (rows, predictionOf) =>
      rows.map((row) => `${JSON.stringify(resultView(row, texts, predictionOf))}\n`).join(''),
  };
}

/** A line a row of another table: what it predicts in place of risk and tier, and no due date. */
export function predictionCsvWriter(
  texts: ReasonTexts,
  reasonCount: number,
  { kind, classes, has_tiers: hasTiers, row_id: rowId, group_id: groupId }: Prediction,
): ResultWriter {
  const heads = [
    'row',
    rowId,
    ...(groupId === undefined ? [] : [groupId]),
    kind === 'class' ? 'class' : kind,
    ...(classes ?? []).map((name) => `probability_${name}`),
    ...(hasTiers ? ['tier'] : []),
    ...reasonHeads(reasonCount),
  ];
  const line = (row: ResultRow, prediction: PredictionView | undefined) =>
    [
      row.row,
      csvCell(row.patientId),
      ...(groupId === undefined ? [] : [csvCell(row.facilityId ?? '')]),
      prediction?.class == null ? row.risk : csvCell(prediction.class),
      ...(classes ?? []).map((name) => prediction?.probabilities?.[name] ?? ''),
      ...(hasTiers ? [row.tier] : []),
    ].join(',');
  return {
    head: `${heads.map(csvCell).join(',')}\r\n`,
    block: (rows, predictionOf = NO_PREDICTION) =>
      rows
        .map((row) => `${line(row, predictionOf(row))}${reasonCells(row, texts, reasonCount)}\r\n`)
        .join(''),
  };
}

function reasonHeads(reasonCount: number): string[] {
  return Array.from({ length: reasonCount }, (_, index) =>
    ['feature', 'value', 'contribution', 'text'].map((part) => `reason_${index + 1}_${part}`),
  ).flat();
}

function reasonCells(row: ResultRow, texts: ReasonTexts, reasonCount: number): string {
  let text = '';
  for (let index = 0; index < reasonCount; index++) {
    const reason = row.reasons[index];
    text +=
      reason === undefined
        ? ',,,,'
        : `,${csvCell(texts.nameOf(reason))},${Number.isNaN(reason.value) ? '' : reason.value},${reason.contribution},${csvCell(texts.textOf(reason, row.reasons))}`;
  }
  return text;
}

/** One line a row (RFC 4180, CRLF); four columns for each of `reasonCount` reasons. */
export function csvWriter(texts: ReasonTexts, reasonCount: number): ResultWriter {
  const line = (row: ResultRow) =>
    `${row.row},${csvCell(row.patientId)},${csvCell(row.facilityId ?? '')},${row.dueDate ?? ''},${row.risk},${row.tier}${reasonCells(row, texts, reasonCount)}\r\n`;
  return {
    head: `${['row', 'patient_id', 'facility_id', 'due_date', 'risk', 'tier', ...reasonHeads(reasonCount)].join(',')}\r\n`,
    block: (rows) => rows.map(line).join(''),
  };
}
