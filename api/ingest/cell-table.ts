import type { CellFlag } from '#patients/sources/line-list/table-row.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type CohortLayout, IGNORED, PATIENT_ID, readAs } from './cohort-layout.ts';
import type { FormatContext } from './input-format.ts';
import { judgeColumns } from './judge-columns.ts';
import type { SheetRow, SheetRows } from './workbook/sheet-rows.ts';

const LEAST_NAMES = 2;
const SAMPLE_ROWS = 500;
const FLAGGED: Readonly<Record<CellFlag, string>> = {
  rounded_id:
    'was rounded when it was typed into the workbook: its last digits are lost; format the column as text and type it again',
  formula_without_value:
    'is a formula without a stored value; open the workbook, let it calculate, and save it',
};

/** Number of a row's cells that name columns of a table of features. */
export function tableNames({ roleOf }: Pick<FormatContext, 'roleOf'>, cells: readonly string[]): number {
  return cells.filter((cell) => cell.trim() !== '' && (roleOf(cell) ?? IGNORED) !== IGNORED).length;
}

/**
 * A table of features in a workbook's sheets. Each sheet has its own header; rows above it are titles, and all sheets must
 * name the columns of the first.
 */
export class CellTable implements SheetRows {
  readonly #context: FormatContext;
  #sheet: string | undefined;
  /** Of the present sheet; undefined above its header. */
  #layout: CohortLayout | undefined;
  #opened: CohortLayout | undefined;
  /** Rows below the first header, until its columns are judged. */
  #sample: SheetRow[] | undefined;
  #cell = Buffer.alloc(1_024);

  constructor(context: FormatContext) {
    this.#context = context;
  }

  row(row: SheetRow): void {
    if (row.sheet !== this.#sheet) {
      this.#sheet = row.sheet;
      this.#layout = undefined;
    }
    if (this.#layout === undefined) this.#header(row);
    else if (this.#sample === undefined) this.#take(row, this.#layout);
    else if (this.#sample.push(row) >= SAMPLE_ROWS) this.#judge();
  }

  async ready(): Promise<void> {
    await this.#context.ready();
  }

  async end(): Promise<void> {
    this.#judge();
    if (this.#opened === undefined) {
      throw new ServiceError(
        'missing_header',
        'No sheet of the workbook has a row that names the columns of the model.',
      );
    }
  }

  async close(): Promise<void> {
    // Nothing is held but memory.
  }

  #header({ cells, line, sheet }: SheetRow): void {
    const context = this.#context;
    if (tableNames(context, cells) < LEAST_NAMES) return;
    const names = cells.map((cell) => cell.trim());
    if (this.#opened === undefined) {
      context.input.header_line = line;
      this.#opened = this.#layout = context.layOut(names);
      this.#sample = [];
      return;
    }
    this.#judge();
    const roles = Int32Array.from(names, (name) => context.roleOf(name) ?? IGNORED);
    const foreign = [...roles].filter((role) => role !== IGNORED && !this.#opened!.roles.includes(role));
    if (foreign.length > 0) {
      throw new ServiceError(
        'unknown_columns',
        `Sheet ${sheet} names columns that the first sheet does not have; send it by itself.`,
        { line },
      );
    }
    this.#layout = { ...this.#opened, roles, names };
  }

  #judge(): void {
    const sample = this.#sample;
    if (sample === undefined) return;
    this.#sample = undefined;
    judgeColumns(
      this.#context,
      this.#opened!,
      sample.map(({ cells }) => cells),
      undefined,
    );
    for (const row of sample) this.#take(row, this.#opened!);
  }

  #take({ cells, line, sheet, flags }: SheetRow, layout: CohortLayout): void {
    if (cells.every((cell) => cell.trim() === '') && flags.size === 0) return;
    const { rows, manifest } = this.#context;
    rows.sheet = sheet;
    rows.begin(line);
    for (const [column, role] of layout.roles.entries()) {
      if (role === IGNORED) continue;
      const flag = flags.get(column);
      if (flag !== undefined && (flag !== 'rounded_id' || role === PATIENT_ID)) {
        const name = readAs(layout, manifest)[column] ?? null;
        rows.reject(name, flag, `${name} ${FLAGGED[flag]}.`);
      }
      const text = cells[column] ?? '';
      const length = Buffer.byteLength(text);
      if (length > this.#cell.length) this.#cell = Buffer.alloc(2 * length);
      this.#cell.write(text);
      rows.cell(role, this.#cell, 0, length);
    }
    rows.end();
  }
}
