import { type EpochDay, isoDate } from '#patients/record/epoch-day.ts';
import type { Cohort } from '../cohort.ts';
import type { RowWriter } from '../row-writer.ts';
import { Facts } from './facts.ts';
import type { ListColumn } from './list-column.ts';
import { NDR_TREATMENT } from './ndr-treatment.ts';
import { NMRS_ART } from './nmrs-art.ts';
import { RADET } from './radet.ts';

const DAYS_BETWEEN_SNAPSHOTS = 30;

/** The line lists that are written, by the name of their kind. */
const LINE_LISTS = {
  radet: RADET,
  'nmrs-line-list': NMRS_ART,
  ndr: NDR_TREATMENT,
} as const satisfies Record<string, readonly ListColumn[]>;
export type LineListKind = keyof typeof LINE_LISTS;

/** No programme's list has it: who stacks snapshots adds it. */
const SNAPSHOT: ListColumn = ['Snapshot Date', (facts) => isoDate(facts.day)];

/**
 * Writes a patient's rows, one for each monthly snapshot in which the patient had picked up, oldest first. All
 * snapshots are as they were printed on their day: what was typed in later is not in them. One snapshot has the columns of
 * the programme's list alone; of several each row has the day it was printed.
 */
export class LineListWriter {
  readonly #snapshots: number;
  readonly #columns: readonly ListColumn[];
  readonly #facts = new Facts();

  constructor(kind: LineListKind, snapshots: number) {
    this.#snapshots = snapshots;
    this.#columns = snapshots > 1 ? [...LINE_LISTS[kind], SNAPSHOT] : LINE_LISTS[kind];
  }

  get titles(): readonly string[] {
    return this.#columns.map(([title]) => title);
  }

  header(): string {
    return line(this.titles);
  }

  write(cohort: Cohort, out: RowWriter, lastDay: EpochDay = cohort.options.asOf): void {
    const facts = this.#facts;
    for (let k = this.#snapshots - 1; k >= 0; k--) {
      if (!facts.look(cohort, lastDay - k * DAYS_BETWEEN_SNAPSHOTS)) continue;
      facts.serial++;
      out.text(line(this.#columns.map(([, cell]) => cell(facts))));
    }
  }
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
