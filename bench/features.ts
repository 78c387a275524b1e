/**
 * Patients and rows a second and core, from bytes to feature vectors: `npm run bench:features`. Writes
 * bench/results/features.md; the last line printed is JSON. Rates are per second of CPU time, garbage collection
 * included, since the machine may be shared; medians of the rounds.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { Cohort, NO_SHIFT } from '#models/synthetic/cohort.ts';
import { RowWriter } from '#models/synthetic/row-writer.ts';
import { writeCsvRow } from '#models/synthetic/write-flat.ts';
import { writeNmrsMessage } from '#models/synthetic/write-nmrs.ts';
import { radetCsvHeader, RadetWriter } from '#models/synthetic/write-radet.ts';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { CsvCells } from '#patients/sources/csv-cells.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { PatientScreen } from '#patients/sources/patient-input.ts';
import { fillFromRadet, RadetReader, type RadetRow } from '#patients/sources/radet.ts';
import { RadetJoin } from '#patients/sources/radet-join.ts';

const AS_OF = parseIsoDay('2026-06-30');
const PATIENTS = 4000;
const ROUNDS = 7;
const PIECE_BYTES = 1 << 16;

interface Case {
  readonly name: string;
  readonly unit: string;
  readonly demanded: number;
  readonly bytes: number;
  /** Does the work once; returns how many units were done. */
  readonly pass: () => number;
}

interface Figure extends Omit<Case, 'pass'> {
  readonly perSecond: number;
}

function cohort(): Cohort {
  return new Cohort({
    rows: PATIENTS,
    seed: 1,
    asOf: AS_OF,
    population: 'active',
    extraHistoryDays: 0,
    shift: NO_SHIFT,
  });
}

/** What `write` writes for every patient, patient by patient. */
function written(write: (cohort: Cohort, out: RowWriter) => void): Buffer[] {
  const patients = cohort();
  const writer = new RowWriter();
  return Array.from({ length: PATIENTS }, (_, i) => {
    patients.make(i);
    write(patients, writer);
    return writer.take();
  });
}

function generatorCase(): Case {
  const patients = cohort();
  const writer = new RowWriter();
  return {
    name: 'simulate and write the flat cohort (CSV)',
    unit: 'rows',
    demanded: 40_000,
    bytes: 0,
    pass() {
      for (let i = 0; i < PATIENTS; i++) {
        patients.make(i);
        writeCsvRow(patients, writer);
      }
      writer.take();
      return PATIENTS;
    },
  };
}

function nmrsCase(): Case {
  const messages = written(writeNmrsMessage);
  const reader = new NmrsReader();
  const screen = new PatientScreen(AS_OF);
  const out = new Float64Array(FEATURES.length);
  return {
    name: 'NMRS messages: bytes → JSON → record → features',
    unit: 'patients',
    demanded: 10_000,
    bytes: total(messages) / PATIENTS,
    pass() {
      for (const [i, bytes] of messages.entries()) {
        const outcome = screen.screen(reader.read(JSON.parse(bytes.toString('utf8'))), i + 1, out);
        if (!outcome.ok) throw new Error(outcome.rejection.message);
      }
      return messages.length;
    },
  };
}

function radetCase(snapshots: number): Case {
  const writer = new RadetWriter(snapshots);
  const file = Buffer.concat([Buffer.from(radetCsvHeader()), ...written((c, out) => writer.write(c, out))]);
  const rowCount = file.reduce((n, byte) => n + (byte === 10 ? 1 : 0), 0) - 1;
  const record = emptyRecord();
  const screen = new PatientScreen(AS_OF);
  const out = new Float64Array(FEATURES.length);
  const score = (rows: readonly RadetRow[], line: number): void => {
    fillFromRadet(rows, AS_OF, record);
    screen.screen(record, line, out);
  };
  return {
    name:
      snapshots === 1
        ? 'one RADET snapshot: bytes → cells → record → features'
        : `${snapshots} stacked RADET snapshots, joined`,
    unit: 'rows',
    demanded: 100_000,
    bytes: file.length / rowCount,
    pass() {
      let reader: RadetReader | undefined;
      let rows = 0;
      const join = new RadetJoin();
      const decoder = new TextDecoder();
      const csv = new CsvCells((cells, line) => {
        if (reader === undefined) {
          reader = new RadetReader(cells);
          return;
        }
        rows++;
        const row = reader.read(cells);
        if (snapshots === 1) score([row], line);
        else join.add(row, line);
      });
      for (let at = 0; at < file.length; at += PIECE_BYTES)
        csv.write(decoder.decode(file.subarray(at, at + PIECE_BYTES), { stream: true }));
      csv.end();
      for (const patient of join.patients()) score(patient.rows, patient.line);
      return rows;
    },
  };
}

function measure({ pass, ...rest }: Case): Figure {
  pass();
  const rates = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    const done = pass();
    const { user, system } = process.cpuUsage(before);
    return (done * 1e6) / (user + system);
  });
  return { ...rest, perSecond: Math.round(rates.sort((a, b) => a - b)[ROUNDS >> 1]!) };
}

function total(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}

const whole = (n: number): string => Math.round(n).toLocaleString('en-GB');
const figures = [nmrsCase, () => radetCase(1), () => radetCase(12), generatorCase].map((make) =>
  measure(make()),
);
const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB; Node ${process.version}`;
const table = figures.map(
  (f) =>
    `| ${f.name} | ${f.bytes === 0 ? '–' : whole(f.bytes)} | ${whole(f.perSecond)} ${f.unit} | ${whole(f.demanded)} | ${(f.perSecond / f.demanded).toFixed(1)} × |`,
);
await writeFile(
  'bench/results/features.md',
  `# From patient records to features

Written by \`npm run bench:features\`: one thread, ${whole(PATIENTS)} synthetic patients, medians of ${ROUNDS} rounds, per second of CPU
time with garbage collection. ${new Date().toISOString().slice(0, 10)}, ${machine}.

| | bytes a unit | per CPU second | demanded | |
|---|---:|---:|---:|---:|
${table.join('\n')}
`,
);
for (const line of table) console.log(line);
console.log(JSON.stringify(Object.fromEntries(figures.map((f) => [f.name, f.perSecond]))));
