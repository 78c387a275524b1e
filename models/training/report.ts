import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseIsoDay, type EpochDay } from '#patients/record/epoch-day.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { CsvCells } from '#patients/sources/csv-cells.ts';
import { fillRecord } from '#patients/sources/line-list/fill-record.ts';
import { rowReaderFor } from '#patients/sources/line-list/row-reader.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { loadReport } from '../docs/report.ts';
import { writeCard } from '../docs/write-docs.ts';
import { Cohort, NO_SHIFT } from '../synthetic/cohort.ts';
import { Facilities } from '../synthetic/facilities.ts';
import { LineListWriter } from '../synthetic/line-lists/write-line-list.ts';
import { RowWriter } from '../synthetic/row-writer.ts';
import { generatedMessages, nmrsPatients } from './patients.ts';
import { findPython, NO_PYTHON, runTrainer } from './python.ts';
import { MODEL_NAME } from './release.ts';
import {
  AS_OF_DAYS_BEFORE_END,
  EXTRA_HISTORY_DAYS,
  type TrainingPatient,
  writeTrainingTable,
} from './table.ts';

const MODELS = 'models';
const FRESH_SEED = 2;
const STACKED_SNAPSHOTS = 12;
const TEST = { test: AS_OF_DAYS_BEFORE_END.test };

const USAGE = `npm run model:report -- [options]

Recomputes the shipped model's figures on SYNTHETIC patients, with scikit-learn beside our own measures, writes
models/${MODEL_NAME}.report.json and the model card, and prints one line of JSON last.

  --rows N      patients of the training table and of the fresh ones (default 60000)
  --lists N     fresh patients whose line lists are printed and read (default 20000)
  --ablation    also train without each feature in turn (some ten minutes) and keep what that costs
  --check       write nothing
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '60000' },
      lists: { type: 'string', default: '20000' },
      ablation: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const python = findPython(['lightgbm', 'numpy', 'sklearn']);
  if (python === undefined) throw new Error(NO_PYTHON);
  const rows = Number(values.rows);
  const manifest = loadManifest(await readFile(join(MODELS, `${MODEL_NAME}.manifest.json`), 'utf8'));
  const end = parseIsoDay(manifest.trained_at);
  const work = await mkdtemp(join(tmpdir(), 'iit-report-'));
  try {
    const table = async (name: string, patients: Iterable<TrainingPatient>, form: Form) => {
      const directory = join(work, name);
      await mkdir(directory);
      const describe = () => ({ synthetic: true, source: 'SYNTHETIC', format: form });
      await writeTrainingTable(patients, { directory, end, describe, asOfDays: TEST });
    };
    await mkdir(join(work, 'training'));
    const { patients, describe } = nmrsPatients(generatedMessages(rows, manifest.training.seed, end));
    await writeTrainingTable(patients, { directory: join(work, 'training'), end, describe });
    await table('records', freshPatients(rows, rows, end, 'records'), 'records');
    for (const form of ['snapshot', 'stacked'] as const)
      await table(form, freshPatients(rows, Number(values.lists), end, form), form);
    const states = Object.fromEntries(new Facilities(rows).list.map(({ id, state }) => [id, state]));
    await writeFile(join(work, 'states.json'), JSON.stringify(states));
    const report = join(work, 'report.json');
    await runTrainer(
      python,
      [work, join(MODELS, MODEL_NAME), report, values.ablation ? 'ablation' : 'quick'],
      'report.py',
    );
    const text = await readFile(report, 'utf8');
    if (!values.check) await keep(text, values.ablation);
    process.stdout.write(`${JSON.stringify((JSON.parse(text) as { line: object }).line)}\n`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Keeps the report beside the model and writes the card anew; an earlier ablation stays where this run made none. */
async function keep(text: string, isAblated: boolean): Promise<void> {
  const file = join(MODELS, `${MODEL_NAME}.report.json`);
  const report = JSON.parse(text) as Record<string, unknown>;
  const before = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Record<string, unknown>;
  if (!isAblated && before['sha256'] === report['sha256']) report['ablation'] = before['ablation'] ?? null;
  await writeFile(file, `${JSON.stringify(report, null, 1)}\n`);
  const manifest = loadManifest(await readFile(join(MODELS, `${MODEL_NAME}.manifest.json`), 'utf8'));
  await writeCard('docs', manifest, loadReport(JSON.stringify(report)));
}

type Form = 'records' | 'snapshot' | 'stacked';

/** Patients whom the model never saw, of the same facilities, as a kind of input shows them; outcomes from their records. */
function* freshPatients(rows: number, taken: number, end: EpochDay, form: Form): Generator<TrainingPatient> {
  const cohort = new Cohort({
    rows,
    seed: FRESH_SEED,
    asOf: end,
    population: 'ever',
    extraHistoryDays: EXTRA_HISTORY_DAYS,
    shift: NO_SHIFT,
  });
  const list = new LineListWriter('radet', form === 'stacked' ? STACKED_SNAPSHOTS : 1);
  const reader = rowReaderFor(list.titles);
  const writer = new RowWriter();
  const seen = emptyRecord();
  for (let i = 0; i < Math.min(rows, taken); i++) {
    cohort.make(i);
    yield {
      facilityId: cohort.record.facilityId,
      wholeRecord: () => cohort.record,
      recordOn: (asOf) => {
        if (form === 'records') return cohort.record;
        list.write(cohort, writer, asOf);
        const read = cellsOf(writer.take().toString()).map((cells, at) =>
          reader.read(cells, { line: at + 2, rowNo: at + 1 }),
        );
        if (read.length === 0) return undefined;
        fillRecord(read, asOf, seen);
        return seen;
      },
    };
  }
}

function cellsOf(text: string): string[][] {
  const rows: string[][] = [];
  const csv = new CsvCells((cells) => rows.push([...cells]));
  csv.write(text);
  csv.end();
  return rows;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
