import type { Binning } from '#shared/drift/binning.ts';
import { countChunk, type Counted } from '#shared/drift/facility-counts.ts';
import type { DriftThresholds } from '#shared/drift/judge-counts.ts';
import { JobJudge, type RaisedAlarm } from '#shared/drift/judge-job.ts';
import type { DriftReference } from '#shared/drift/like-patients.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { type Fault, faultyList, type Mix, programmeOf, type Random } from './lists.ts';
import type { PatientList, PatientPool } from './patient-pool.ts';

export type Simulation = {
  manifest: ModelManifest;
  reference: DriftReference;
  thresholds: DriftThresholds;
  random: Random;
};

/** `alarmed` of `runs` raised an alarm; how often each subject did. */
export type Tally = {
  name: string;
  rows: string;
  runs: number;
  alarmed: number;
  subjects: Record<string, number>;
  /** The most of a whole list in any run, whether it counted or not. */
  deviations: number;
};

const JOB_ROWS = 2_000;
const FACILITIES = 8;

/** Two ordinary lists running, many times: nobody should hear of any. `sizes` are taken in turn. */
export function tryOrdinary(
  simulation: Simulation,
  mix: Mix,
  pools: readonly PatientPool[],
  runs: number,
  sizes: readonly number[],
): Tally {
  const tally = emptyTally(mix.name, sizes.join(', '), runs);
  for (let run = 0; run < runs; run++) {
    const pool = pools[run % pools.length]!;
    const list = () => mix.draw(pool, sizes[run % sizes.length]!, simulation.random);
    const [first, second] = judgeTwo(simulation, list, pool.asOf);
    note(tally, [...first.alarms, ...second.alarms]);
    tally.deviations = Math.max(tally.deviations, first.deviations, second.deviations);
  }
  return tally;
}

/** A fault in two jobs running of one programme: one alarm in either is enough. */
export function tryFault(
  simulation: Simulation,
  fault: Fault,
  pools: readonly PatientPool[],
  runs: number,
): Tally {
  const tally = emptyTally(fault.name, `2 × ${JOB_ROWS}`, runs);
  for (let run = 0; run < runs; run++) {
    const pool = pools[run % pools.length]!;
    const programme = programmeOf(pool, FACILITIES, simulation.random);
    const list = () => faultyList(pool, programme, JOB_ROWS, fault, simulation.random);
    const [first, second] = judgeTwo(simulation, list, pool.asOf);
    note(tally, [...first.alarms, ...second.alarms]);
  }
  return tally;
}

type Judged = { alarms: RaisedAlarm[]; seen: ReadonlyMap<string, Counted>; deviations: number };

/** The second job is judged with what the first has left. */
function judgeTwo(simulation: Simulation, list: () => PatientList, asOf: string): [Judged, Judged] {
  const first = judgeList(simulation, list(), asOf, new Map());
  return [first, judgeList(simulation, list(), asOf, first.seen)];
}

function judgeList(
  { manifest, reference, thresholds }: Simulation,
  list: PatientList,
  asOf: string,
  earlier: ReadonlyMap<string, Counted>,
): Judged {
  const facilities = countChunk(reference.binning satisfies Binning, list.chunk(), list.risks());
  const judge = new JobJudge({
    manifest,
    reference,
    thresholds,
    facilities,
    absent: [],
    asOf,
    expected: new Map(),
  });
  const before = new Map([...earlier].filter(([name]) => judge.gathered.includes(name)));
  const { alarms, judgement } = judge.judge(before);
  const deviations = Math.max(...Object.values(judgement.findings).map((finding) => finding.deviations));
  return { alarms, seen: judge.subjects, deviations };
}

function emptyTally(name: string, rows: string, runs: number): Tally {
  return { name, rows, runs, alarmed: 0, subjects: {}, deviations: 0 };
}

function note(tally: Tally, alarms: readonly RaisedAlarm[]): void {
  if (alarms.length === 0) return;
  tally.alarmed++;
  for (const subject of new Set(
    alarms.map(({ facilityId, subject: name }) => (facilityId === '' ? name : `${name} at a facility`)),
  ))
    tally.subjects[subject] = (tally.subjects[subject] ?? 0) + 1;
}
