import { isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import { FEATURES, featureIndex } from '#patients/features/features.ts';
import { PatientScreen } from '../patient-input.ts';
import { LineList, type LineListOptions } from './line-list.ts';
import type { LineListReport } from './report.ts';
import { dueDayOf } from './row.ts';
import type { CellFlag } from './table-row.ts';

export type TriedRow =
  | readonly string[]
  | { cells: readonly string[]; sheet?: string; flags?: [number, CellFlag][] };
export type Tried = {
  accepted: {
    id: string;
    facility: string;
    due: string;
    row: number;
    line: number;
    identifiers: Identifiers;
    value: (feature: string) => number;
  }[];
  rejected: {
    id: string;
    facility: string;
    code: string;
    field: string;
    message: string;
    line: number;
    due: string;
    sheet: string | undefined;
  }[];
  joined: number;
  report: LineListReport;
};

/** For tests: a list's rows through the reader and the screen, as a cohort would get them. Lines count from 1. */
export async function tryList(
  rows: readonly TriedRow[],
  options: Partial<Omit<LineListOptions, 'asOf' | 'today'>> & { asOf?: string; today?: string } = {},
): Promise<Tried> {
  const tried: Omit<Tried, 'report'> = { accepted: [], rejected: [], joined: 0 };
  const today = parseIsoDay(options.today ?? options.asOf ?? '2026-06-30');
  let screen!: PatientScreen;
  const list = new LineList(
    {
      open: (asOf) => (screen = new PatientScreen(asOf)),
      patient: (record, row) => {
        const out = new Float64Array(FEATURES.length);
        const outcome = screen.screen(record, row.line, out);
        const { patientId: id, facilityId: facility } = record;
        const due = screen.extractor.dueDate();
        const { line, sheet, identifiers } = row;
        if (outcome.ok)
          tried.accepted.push({
            id,
            facility,
            due,
            line,
            row: row.rowNo,
            identifiers,
            value: (name) => out[featureIndex(name)]!,
          });
        else tried.rejected.push({ id, facility, line, sheet, due, ...outcome.rejection });
      },
      refuse: ({ patientId: id, facilityId: facility, line, sheet, ...row }, fault) =>
        tried.rejected.push({
          id,
          facility,
          line,
          sheet,
          due: isoDate(dueDayOf({ ...row, line, sheet, patientId: id, facilityId: facility })),
          ...fault,
        }),
      join: (count) => (tried.joined += count),
      ready: () => Promise.resolve(),
    },
    { ...options, asOf: options.asOf === undefined ? undefined : parseIsoDay(options.asOf), today },
  );
  try {
    for (const [at, row] of rows.entries()) {
      if ('cells' in row) list.row(row.cells, at + 1, row.sheet, row.flags && new Map(row.flags));
      else list.row(row, at + 1);
      await list.drain();
    }
    await list.end();
  } finally {
    await list.close();
  }
  return { ...tried, report: list.report() };
}
