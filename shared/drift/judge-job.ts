import type { ModelManifest } from '#shared/models/manifest.ts';
import { concentrationOf, type Counted, NO_FACILITY_NAME, sumCounted } from './facility-counts.ts';
import { jobKind } from './job-kind.ts';
import {
  type DriftThresholds,
  type Finding,
  findShift,
  judgeCounts,
  type Judgement,
} from './judge-counts.ts';
import type { DriftReference, Population } from './like-patients.ts';

/** What has drifted in one job. */
export type RaisedAlarm = {
  /** '' for the job as a whole. */
  facilityId: string;
  /** A feature, or `score`. */
  subject: string;
  population: Population;
  finding: Finding;
  rows: number;
  counts: Float64Array;
};

/** Counts that were acknowledged as expected, and of how many rows. */
export type ExpectedCounts = { counts: Float64Array; rows: number };

/** Names what is compared: one facility's, or the whole's, one subject in one kind of list. */
export function alarmKey(facilityId: string, subject: string, population: Population): string {
  const groups = Object.entries(population).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([facilityId, subject, groups]);
}

export type JobToJudge = {
  manifest: Pick<ModelManifest, 'features' | 'facility_effect' | 'drift'>;
  reference: DriftReference;
  thresholds: DriftThresholds;
  facilities: ReadonlyMap<string, Counted>;
  absent: readonly string[];
  /** YYYY-MM-DD that the rows describe. */
  asOf: string;
  /** By `alarmKey`. */
  expected: ReadonlyMap<string, ExpectedCounts>;
};

/** Judges a job: as a whole, and each of its facilities, of which one may be off while the whole looks as ever. */
export class JobJudge {
  /** All rows; without the facilities, whose own rows `subjects` has too. */
  readonly whole: Counted;
  readonly concentration: number;
  readonly subjects: ReadonlyMap<string, Counted>;
  /** The group to which the job's list is confined. */
  readonly population: Population;
  /** Subjects that are judged with the earlier jobs of the window too: the whole, and those of which this job has few rows. */
  readonly gathered: readonly string[];
  readonly #job: JobToJudge;

  constructor(job: JobToJudge) {
    const { reference, facilities, thresholds } = job;
    this.#job = job;
    this.whole = sumCounted(facilities, reference.binning.size);
    this.concentration = concentrationOf(facilities);
    const named = [...facilities].filter(([name]) => name !== NO_FACILITY_NAME);
    this.subjects = new Map([[NO_FACILITY_NAME, this.whole], ...named]);
    this.population = reference.populationOf(this.whole.counts);
    this.gathered = [...this.subjects].flatMap(([name, { rows }]) =>
      name === NO_FACILITY_NAME || rows < thresholds.minimumRows ? [name] : [],
    );
  }

  /** `earlier`: what the window's other jobs of such lists counted of the subjects that are `gathered`. */
  judge(earlier: ReadonlyMap<string, Counted>): { judgement: Judgement; alarms: RaisedAlarm[] } {
    const own = this.#judgeSubject(NO_FACILITY_NAME, this.whole);
    const alarms = new Map<string, RaisedAlarm>();
    for (const [facility, counted] of this.subjects) {
      const alone = facility === NO_FACILITY_NAME ? own : this.#judgeSubject(facility, counted);
      this.#raise(alarms, facility, counted, alone);
      const before = earlier.get(facility);
      if (before === undefined) continue;
      const pair = new Map([
        ['now', counted],
        ['before', before],
      ]);
      const together = sumCounted(pair, this.#job.reference.binning.size);
      this.#raise(alarms, facility, together, this.#judgeSubject(facility, together));
    }
    const all = [...alarms.values()];
    const drifted = all
      .filter(({ facilityId }) => facilityId === NO_FACILITY_NAME)
      .map(({ subject }) => subject);
    return { judgement: { ...own, drifted }, alarms: all };
  }

  /** One alarm of each subject: what the job alone shows stands before what the window does. */
  #raise(alarms: Map<string, RaisedAlarm>, facilityId: string, counted: Counted, judgement: Judgement): void {
    const { rows, population, findings, drifted } = judgement;
    for (const subject of drifted) {
      const key = alarmKey(facilityId, subject, population);
      if (alarms.has(key)) continue;
      alarms.set(key, {
        facilityId,
        subject,
        population,
        finding: findings[subject]!,
        rows,
        counts: counted.counts,
      });
    }
  }

  #judgeSubject(facility: string, counted: Counted): Judgement {
    const { manifest, reference, thresholds, absent, asOf, expected } = this.#job;
    const kind = jobKind(reference, manifest, { counted, absent, asOf });
    const concentration = facility === NO_FACILITY_NAME ? this.concentration : 1;
    const judged = { counted, kind, concentration, absent };
    const judgement = judgeCounts(reference, manifest.drift, judged, thresholds);
    const drifted = judgement.drifted.filter((subject) => {
      const known = expected.get(alarmKey(facility, subject, judgement.population));
      return known === undefined || this.#hasMoved(subject, counted, judgement.rows, known);
    });
    return { ...judgement, drifted };
  }

  /** Whether rows differ from what a person has acknowledged as how things are now. */
  #hasMoved(subject: string, counted: Counted, rows: number, known: ExpectedCounts): boolean {
    const { binning } = this.#job.reference;
    const column = [...binning.features, binning.score].find(({ name }) => name === subject);
    if (column === undefined) return true;
    const slice = (counts: Float64Array) =>
      counts.subarray(column.offset, column.offset + column.edges.length + 2);
    const then = slice(known.counts);
    const total = then.reduce((sum, count) => sum + count, 0);
    const like = { shares: then.map((count) => count / Math.max(1, total)), rows: known.rows };
    const shift = findShift(slice(counted.counts), rows, like, { spread: undefined, concentration: 1 });
    return shift.deviations >= this.#job.thresholds.deviations;
  }
}
