import { isoDateOf } from '#patients/record/iso-date.ts';
import { GRACE_DAYS } from '#patients/features/history.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { nextStep, type PersonReason } from '#patients/features/people-reasons.ts';
import { reasonSentence, stepSentence } from '#patients/features/reason-messages.ts';
import { FORMAT_NOTICE } from '#api/ingest/judge-format.ts';
import type { PatientFacts } from './patient-facts.ts';
import type { WorklistRow } from './worklist-rows.ts';

export type Cell = string | number | null;

export type WorklistContext = {
  /** Days since 1970-01-01 */
  scoredDay: number;
  /** The day from which days are counted; undefined: the day that each patient's features describe. */
  onDay: number | undefined;
  modelVersion: string;
  /** Whether the model was not tried on such an input. */
  isFormatUnvalidated: boolean;
};

/** A list to call by: for every column its head, its width in a sheet, and its cell. */
const COLUMNS: readonly {
  head: string;
  width: number;
  cell: (row: WorklistRow, facts: PatientFacts, context: WorklistContext, place: number) => Cell;
}[] = [
  { head: 'facility_id', width: 16, cell: (row) => row.facilityId ?? null },
  { head: 'rank', width: 6, cell: (_row, _facts, _context, place) => place },
  { head: 'patient_id', width: 24, cell: (row) => row.patientId },
  {
    head: 'hospital_number',
    width: 16,
    cell: (_, facts) => facts.identifiers.hospital_number ?? null,
  },
  { head: 'case_manager', width: 20, cell: (_, facts) => facts.identifiers.case_manager ?? null },
  { head: 'age', width: 6, cell: (_, facts) => facts.age ?? null },
  { head: 'sex', width: 8, cell: (_, facts) => facts.sex ?? null },
  { head: 'tier', width: 8, cell: (row) => row.tier },
  { head: 'risk', width: 8, cell: (row) => Math.round(row.risk * 10_000) / 10_000 },
  { head: 'due_date', width: 12, cell: (row) => dateCell(row.dueDay) },
  { head: 'days_to_due', width: 10, cell: (row, facts, context) => daysUntil(row.dueDay, facts, context) },
  {
    head: 'days_left_to_day_28',
    width: 12,
    cell: (row, facts, context) =>
      daysUntil(row.dueDay === undefined ? undefined : row.dueDay + GRACE_DAYS, facts, context),
  },
  { head: 'last_pickup', width: 12, cell: (_, facts) => dateCell(facts.lastPickupDay) },
  { head: 'last_supply_days', width: 10, cell: (_, facts) => facts.lastSupplyDays ?? null },
  { head: 'viral_load', width: 10, cell: (_, facts) => facts.viralLoad ?? null },
  { head: 'viral_load_date', width: 12, cell: (_, facts) => dateCell(facts.viralLoadDay) },
  { head: 'service_delivery', width: 20, cell: (_, facts) => facts.serviceDelivery ?? null },
  {
    head: 'reasons_raising',
    width: 60,
    cell: (_, facts) => sentences(facts.raising),
  },
  {
    head: 'reasons_lowering',
    width: 60,
    cell: (_, facts) => sentences(facts.lowering),
  },
  {
    head: 'next_step',
    width: 40,
    cell: (row, facts, context) => {
      const days = daysUntil(row.dueDay, facts, context);
      return stepSentence(nextStep(facts.raising, typeof days === 'number' ? days : undefined));
    },
  },
  { head: 'data_as_of', width: 12, cell: (_, facts) => dateCell(facts.asOfDay) },
  {
    head: 'data_age_days',
    width: 10,
    cell: (_, facts, context) =>
      facts.asOfDay === undefined ? null : (context.onDay ?? context.scoredDay) - facts.asOfDay,
  },
  { head: 'score_date', width: 12, cell: (_row, _facts, context) => isoDateOf(context.scoredDay) },
  { head: 'model', width: 10, cell: (_row, _facts, context) => context.modelVersion },
  {
    head: 'notice',
    width: 40,
    cell: (_row, _facts, context) =>
      context.isFormatUnvalidated ? `${FORMAT_NOTICE} ${NOT_A_DIAGNOSIS}` : NOT_A_DIAGNOSIS,
  },
];

function sentences(reasons: readonly PersonReason[]): string {
  return reasons.map(reasonSentence).join('; ');
}

export const WORKLIST_HEADS: readonly string[] = COLUMNS.map(({ head }) => head);
export const WORKLIST_WIDTHS: readonly number[] = COLUMNS.map(({ width }) => width);

/** One line of cells for each row, ranked within its facility. */
export function* worklistTable(
  rows: readonly WorklistRow[],
  facts: readonly PatientFacts[],
  context: WorklistContext,
): Generator<Cell[]> {
  let facility: string | undefined;
  let place = 0;
  for (const [i, row] of rows.entries()) {
    place = i > 0 && row.facilityId === facility ? place + 1 : 1;
    facility = row.facilityId;
    yield COLUMNS.map(({ cell }) => cell(row, facts[i]!, context, place));
  }
}

function dateCell(day: number | undefined): Cell {
  return day === undefined ? null : isoDateOf(day);
}

function daysUntil(day: number | undefined, facts: PatientFacts, context: WorklistContext): Cell {
  return day === undefined ? null : day - (context.onDay ?? facts.asOfDay ?? context.scoredDay);
}
