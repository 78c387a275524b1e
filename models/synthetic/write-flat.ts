import { FEATURE_NAMES } from '#patients/features/features.ts';
import type { Cohort } from './cohort.ts';
import type { RowWriter } from './row-writer.ts';

const COMMA = 44;
const NEWLINE = 10;
const JSON_KEYS = FEATURE_NAMES.map((name) => `,${JSON.stringify(name)}:`);

/** Columns before the features. */
const IDENTITY = ['patient_id', 'facility_id', 'due_date'] as const;

export function flatCsvHeader(): string {
  return `${[...IDENTITY, ...FEATURE_NAMES].join(',')}\n`;
}

/** The patient made last as a CSV row; an empty field is a missing value. */
export function writeCsvRow(cohort: Cohort, out: RowWriter): void {
  out.ascii(cohort.record.patientId);
  out.byte(COMMA);
  out.ascii(cohort.record.facilityId);
  out.byte(COMMA);
  out.ascii(cohort.extractor.dueDate());
  const { features } = cohort;
  for (let i = 0; i < features.length; i++) {
    out.byte(COMMA);
    const value = features[i]!;
    if (value === value) out.number(value);
  }
  out.byte(NEWLINE);
}

/** The patient made last as a line of JSON; `null` is a missing value. */
export function writeNdjsonRow(cohort: Cohort, out: RowWriter): void {
  out.ascii('{"patient_id":"');
  out.ascii(cohort.record.patientId);
  out.ascii('","facility_id":"');
  out.ascii(cohort.record.facilityId);
  const due = cohort.extractor.dueDate();
  out.ascii(due === '' ? '","due_date":null' : `","due_date":"${due}"`);
  const { features } = cohort;
  for (let i = 0; i < features.length; i++) {
    out.ascii(JSON_KEYS[i]!);
    const value = features[i]!;
    if (value === value) out.number(value);
    else out.ascii('null');
  }
  out.ascii('}\n');
}
