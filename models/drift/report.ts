import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { loadConfig } from '#shared/config/config.ts';
import { binningOf } from '#shared/drift/binning.ts';
import { DriftReference } from '#shared/drift/like-patients.ts';
import { driftThresholds } from '#shared/drift/thresholds.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { Random } from '#models/synthetic/random.ts';
import { FAULTS, ORDINARY } from './lists.ts';
import { PatientPool, poolModel } from './patient-pool.ts';
import { type Simulation, tryFault, tryOrdinary } from './simulate.ts';

const MODEL = 'models/iit_lightgbm_model';
/** Like the last day of the shipped model's test period, and a day of each other quarter. */
const AS_OF = '2026-06-30';
const OTHER_MONTHS = ['2026-03-31', '2026-09-20', '2026-12-28', '2025-11-14'];
const SIZES = [200, 500, 2_000];

const USAGE = `npm run drift:report -- [options]

Tries drift detection on SYNTHETIC patients: ordinary lists, which must raise no alarm, and planted faults, which must.
Prints a table and one line of JSON last.

  --runs N       of each list and each fault (default 100)
  --patients N   in care, from whom lists are drawn, a day (default 60000)
  --seed S       of the patients and the draws (default 7)
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100' },
      patients: { type: 'string', default: '60000' },
      seed: { type: 'string', default: '7' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [runs, size, seed] = [Number(values.runs), Number(values.patients), Number(values.seed)];
  const numbers = new Random().seed(seed);
  const manifest = loadManifest(await readFile(`${MODEL}.manifest.json`, 'utf8'));
  const model = poolModel(await readFile(`${MODEL}.txt`, 'utf8'), manifest);
  const simulation: Simulation = {
    manifest,
    reference: new DriftReference(binningOf(manifest), manifest.drift, manifest.drift.reference),
    thresholds: driftThresholds(loadConfig({ DATABASE_URL: 'postgres://nowhere/none' })),
    random: () => numbers.uniform(),
  };
  const poolOf = (day: string, count: number) =>
    new PatientPool(model, {
      size: count,
      seed: seed + parseIsoDay(day),
      asOf: parseIsoDay(day),
      serviceSize: 3 * size,
    });
  const present = [poolOf(AS_OF, size)];
  const others = OTHER_MONTHS.map((day) => poolOf(day, Math.ceil(size / 3)));
  const ordinary = [
    ...ORDINARY.map((mix) => tryOrdinary(simulation, mix, present, runs, SIZES)),
    ...ORDINARY.map((mix) =>
      tryOrdinary(simulation, { ...mix, name: `other months: ${mix.name}` }, others, runs, SIZES),
    ),
  ];
  const faults = FAULTS.map((fault) => tryFault(simulation, fault, present, runs));
  const line = ({ name, rows, alarmed, subjects, deviations }: (typeof ordinary)[number]) =>
    `${name.padEnd(34)} ${rows.padEnd(16)} ${String(alarmed).padStart(5)} of ${runs}  ${deviations === 0 ? '' : `most ${deviations.toFixed(1)}  `}${Object.entries(
      subjects,
    )
      .map(([subject, count]) => `${subject} ${count}`)
      .join(', ')}\n`;
  process.stdout.write(`Ordinary lists: alarms\n${ordinary.map(line).join('')}\nPlanted faults: found\n`);
  process.stdout.write(`${faults.map(line).join('')}\n`);
  const byName = (tallies: typeof ordinary) =>
    Object.fromEntries(tallies.map(({ name, alarmed }) => [name, alarmed / runs]));
  process.stdout.write(
    `${JSON.stringify({ runs, false_alarms: byName(ordinary), found: byName(faults) })}\n`,
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
