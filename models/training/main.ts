import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseIsoDay, type EpochDay } from '#patients/record/epoch-day.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { writeTrainingTable } from '#models/training/table.ts';
import { DEFAULT_AS_OF } from '../synthetic/options.ts';
import { generatedMessages, linesOf, nmrsPatients, radetPatients, type PatientSource } from './patients.ts';
import { reportOf, writeCard } from '../docs/write-docs.ts';
import { findPython, NO_PYTHON, runTrainer } from './python.ts';
import { MODEL_NAME, release } from './release.ts';

const SHIPPED = 'models';

const USAGE = `npm run model:train -- [options]

Trains the model with real LightGBM and writes model, manifest, golden rows and model card. Without --input it
simulates the SYNTHETIC patients of the shipped model, which it then reproduces byte for byte.

  --input FILE         NMRS patient messages, one a line (npm run cohort -- --kind nmrs --population ever …)
                       or, with a name in .csv, stacked RADET snapshots with a column “Snapshot Date”
  --end YYYY-MM-DD     last day of the data (with --input; default ${DEFAULT_AS_OF} without)
  --rows N             patients to simulate without --input (default 60000)
  --seed S             of simulation and training (default 1)
  --version V          of the model (default 2.0.0)
  --out DIR            folder to write to (default models)
  --replace            let a new version follow another one in DIR
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      input: { type: 'string' },
      end: { type: 'string' },
      rows: { type: 'string', default: '60000' },
      seed: { type: 'string', default: '1' },
      version: { type: 'string', default: '2.0.0' },
      out: { type: 'string', default: SHIPPED },
      replace: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.input !== undefined && values.end === undefined)
    throw new Error('--input needs --end, the last day of its data');
  const end = parseIsoDay(values.end ?? DEFAULT_AS_OF);
  if (Number.isNaN(end)) throw new Error('--end must be a date YYYY-MM-DD');
  const python = findPython();
  if (python === undefined) throw new Error(NO_PYTHON);

  const work = await mkdtemp(join(tmpdir(), 'iit-train-'));
  try {
    const seed = Number(values.seed);
    const patients = source(values.input, Number(values.rows), seed, end);
    const table = await writeTrainingTable(patients.patients, {
      directory: work,
      end,
      describe: patients.describe,
    });
    for (const refusal of patients.refused().slice(0, 20)) process.stderr.write(`refused ${refusal}\n`);
    process.stderr.write(
      `${table.patients} patients, ${table.rows} rows, ${patients.refused().length} records refused\n`,
    );
    await runTrainer(python, [work, work, MODEL_NAME, values.version, String(seed)]);
    const manifest = loadManifest(await readFile(join(work, `${MODEL_NAME}.manifest.json`), 'utf8'));
    for (const [split, { everybody, at_risk }] of Object.entries(manifest.metrics))
      process.stderr.write(
        `${split}: everybody n ${everybody.n} base ${everybody.base_rate} AUC ${everybody.auc}; at risk n ${at_risk.n} base ${at_risk.base_rate} AUC ${at_risk.auc} PR-AUC ${at_risk.pr_auc}\n`,
      );
    const result = await release(work, values.out, values.version, values.replace);
    // The shipped model's card stands among the docs.
    await writeCard(
      values.out === SHIPPED ? 'docs' : values.out,
      manifest,
      await reportOf(values.out, manifest),
    );
    process.stdout.write(
      `${result === 'written' ? 'wrote' : 'reproduced byte for byte:'} ${MODEL_NAME} ${manifest.version}, sha256 ${manifest.sha256}, in ${values.out}\n`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function source(input: string | undefined, rows: number, seed: number, end: EpochDay): PatientSource {
  if (input === undefined) return nmrsPatients(generatedMessages(rows, seed, end));
  return input.endsWith('.csv') ? radetPatients(input, end) : nmrsPatients(linesOf(input));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
