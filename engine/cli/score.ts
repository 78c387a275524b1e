import { EngineError } from '../errors.ts';
import type { TreeModel } from '../tree-model.ts';
import type { Cell } from '../inputs.ts';
import { csvCell, parseCsv } from './csv.ts';

export type ScoreOptions = {
  readonly raw: boolean;
  readonly contrib: boolean;
  readonly top: number | undefined;
};

/**
 * Scores a table of rows.
 * @param csv a header of feature names, then rows
 * @returns CSV
 * @throws EngineError invalid_argument where no column is a feature of the model, or a cell is no number
 */
export function scoreTable(model: TreeModel, csv: string, options: ScoreOptions): string {
  const [header, ...lines] = parseCsv(csv);
  const places = new Map(model.features.map(({ name, index }) => [name, index]));
  const known = (header ?? [])
    .map((name, column) => ({ column, feature: places.get(name) }))
    .filter((one): one is { column: number; feature: number } => one.feature !== undefined);
  if (known.length === 0) {
    throw new EngineError('invalid_argument', 'no column of the table is a feature of the model');
  }
  const rows = lines.map((cells) => {
    const row: Cell[] = Array.from({ length: model.featureCount }, () => null);
    for (const { column, feature } of known) row[feature] = cellOf(cells[column] ?? '');
    return row;
  });
  const outputs = Array.from({ length: model.outputCount }, (_, output) => output);
  const suffix = (output: number): string => (model.outputCount === 1 ? '' : `_${output}`);
  const columns: string[][] = [];
  const names: string[] = [];
  const add = (name: string, valueOf: (row: number) => string): void => {
    names.push(name);
    columns.push(rows.map((_, row) => valueOf(row)));
  };
  const predictions = model.predict(rows, { raw: options.raw });
  for (const output of outputs) {
    add(`${options.raw ? 'raw' : 'prediction'}${suffix(output)}`, (row) =>
      String(predictions[row * model.outputCount + output]),
    );
  }
  if (options.contrib) {
    const width = model.featureCount + 1;
    const contributions = model.predictContrib(rows);
    for (const output of outputs) {
      for (let place = 0; place < width; place++) {
        const name = model.features[place]?.name ?? 'expected_value';
        add(`contribution_${name}${suffix(output)}`, (row) =>
          String(contributions[(row * model.outputCount + output) * width + place]),
        );
      }
    }
  }
  if (options.top !== undefined) {
    const { k, features, contributions } = model.topReasons(rows, { k: options.top });
    for (let place = 0; place < k; place++) {
      add(`reason_${place + 1}`, (row) => model.features[features[row * k + place]!]?.name ?? '');
      add(`reason_${place + 1}_contribution`, (row) => String(contributions[row * k + place]));
    }
  }
  const table = [names, ...rows.map((_, row) => columns.map((column) => column[row]!))];
  return table.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

function cellOf(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === 'NA' || trimmed === 'NaN' || trimmed === 'nan') return null;
  const value = Number(trimmed);
  return Number.isNaN(value) ? trimmed : value;
}
