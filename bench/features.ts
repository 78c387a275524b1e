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
import { CsvCells } from '#patients/sources/csv-cells.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { PatientScreen } from '#patients/sources/patient-input.ts';
import { LineList } from '#patients/sources/line-list/line-list.ts';

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
  readonly pass: () => number | Promise<number>;
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
  const screen = new PatientScreen(AS_OF);
  const out = new Float64Array(FEATURES.length);
  return {
    name:
      snapshots === 1
        ? 'one RADET snapshot: bytes → cells → record → features'
        : `${snapshots} stacked RADET snapshots, joined`,
    unit: 'rows',
    demanded: 100_000,
    bytes: file.length / rowCount,
    async pass() {
      const list = new LineList(
        {
          open: () => {},
          patient: (record, { line }) => void screen.screen(record, line, out),
          refuse: () => {},
          join: () => {},
          ready: () => Promise.resolve(),
        },
        { asOf: AS_OF, today: AS_OF },
      );
      const decoder = new TextDecoder();
      const csv = new CsvCells((cells, line) => list.row(cells, line));
      for (let at = 0; at < file.length; at += PIECE_BYTES) {
        csv.write(decoder.decode(file.subarray(at, at + PIECE_BYTES), { stream: true }));
        await list.drain();
      }
      csv.end();
      await list.end();
      await list.close();
      return rowCount;
    },
  };
}

async function measure({ pass, ...rest }: Case): Promise<Figure> {
  await pass();
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const done = await pass();
    const { user, system } = process.cpuUsage(before);
    rates.push((done * 1e6) / (user + system));
  }
  return { ...rest, perSecond: Math.round(rates.sort((a, b) => a - b)[ROUNDS >> 1]!) };
}

function total(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}

const whole = (n: number): string => Math.round(n).toLocaleString('en-GB');
const figures: Figure[] = [];
for (const make of [nmrsCase, () => radetCase(1), () => radetCase(12), generatorCase])
  figures.push(await measure(make()));
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
