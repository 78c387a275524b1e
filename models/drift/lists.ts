import type { PatientList, PatientPool } from './patient-pool.ts';

export type Random = () => number;
/** A list of `rows` patients of a pool, drawn anew each time. */
export type Mix = { name: string; draw: (pool: PatientPool, rows: number, random: Random) => PatientList };

/** `count` of the numbers, each at most once. */
function sample(numbers: readonly number[], count: number, random: Random): number[] {
  const left = [...numbers];
  const wanted = Math.min(count, left.length);
  for (let at = 0; at < wanted; at++) {
    const other = at + Math.floor(random() * (left.length - at));
    [left[at], left[other]] = [left[other]!, left[at]!];
  }
  return left.slice(0, wanted);
}

const groups = new WeakMap<PatientPool, Map<string, number[]>>();

/** Of a pool, the patients of a group; found once. */
function groupOf(pool: PatientPool, name: string, isWanted: (row: number) => boolean): number[] {
  const known = groups.get(pool) ?? new Map<string, number[]>();
  groups.set(pool, known);
  const found = known.get(name) ?? pool.where(isWanted);
  known.set(name, found);
  return found;
}

const between = (pool: PatientPool, feature: string, low: number, high: number) => {
  const values = pool.column(feature);
  return groupOf(pool, `${feature} ${low} ${high}`, (row) => values[row]! >= low && values[row]! <= high);
};

/** Facilities of which a pool has at least so many patients, the largest first. */
function facilitiesOf(pool: PatientPool, least: number): { name: string; rows: number[] }[] {
  const byFacility = Map.groupBy(
    groupOf(pool, 'all', () => true),
    (row) => pool.facilities[row]!,
  );
  return [...byFacility]
    .map(([name, rows]) => ({ name, rows }))
    .filter(({ rows }) => rows.length >= least)
    .toSorted((a, b) => b.rows.length - a.rows.length);
}

/** Lists that a programme sends on an ordinary day, and nobody should hear an alarm of. */
export const ORDINARY: readonly Mix[] = [
  {
    name: 'adolescents',
    draw: (pool, rows, random) => pool.list(sample(between(pool, 'age', 10, 19), rows, random)),
  },
  {
    name: 'six-month hub',
    draw: (pool, rows, random) =>
      pool.list(sample(between(pool, 'last_days_supply', 166, 400), rows, random)),
  },
  {
    name: 'one facility',
    draw: (pool, rows, random) => {
      const facilities = facilitiesOf(pool, 250);
      const { rows: own } = facilities[Math.floor(random() * facilities.length)]!;
      return pool.list(sample(own, rows, random));
    },
  },
  {
    name: 'due in 14 days',
    draw: (pool, rows, random) => pool.list(sample(between(pool, 'days_to_due', 0, 14), rows, random)),
  },
  {
    name: 'all patients',
    draw: (pool, rows, random) =>
      pool.list(
        sample(
          groupOf(pool, 'all', () => true),
          rows,
          random,
        ),
      ),
  },
];

export type Fault = { name: string; change: (list: PatientList, random: Random, facility: string) => void };

const SUPPLIES = [30, 60, 90, 120, 150, 180];
const UNSUPPRESSED = 1_000;

/** What goes wrong in an export and must be heard of. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'unsuppressed doubled',
    change: (list, random) => {
      const loads = list.column('viral_load');
      const rows = [...loads.keys()];
      const high = rows.filter((row) => loads[row]! >= UNSUPPRESSED);
      const low = rows.filter((row) => loads[row]! < UNSUPPRESSED);
      for (const [at, row] of sample(low, high.length, random).entries()) loads[row] = loads[high[at]!]!;
    },
  },
  {
    name: 'one supply in ten wrong',
    change: (list, random) => {
      const supplies = list.column('last_days_supply');
      for (const row of sample([...supplies.keys()], supplies.length / 10, random)) {
        const others = SUPPLIES.filter((supply) => supply !== supplies[row]);
        supplies[row] = others[Math.floor(random() * others.length)]!;
      }
    },
  },
  {
    name: 'ages ten years too high',
    change: (list) => {
      const ages = list.column('age');
      for (const row of ages.keys()) ages[row]! += 10;
    },
  },
  {
    name: 'one facility’s dates a month early',
    change: (list, _, faulty) => {
      const shifts = {
        days_to_due: -30,
        days_since_last_refill: 30,
        days_since_last_visit: 30,
        viral_load_age_days: 30,
      };
      for (const [name, days] of Object.entries(shifts)) {
        const column = list.column(name);
        for (const [row, facility] of list.facilities.entries())
          if (facility === faulty) column[row]! += days;
      }
    },
  },
];

/** A programme of so many facilities; `faulty` is the third by size, which has some 200 patients in two jobs. */
export type Programme = { patients: number[]; faulty: string };

export function programmeOf(pool: PatientPool, count: number, random: Random): Programme {
  const facilities = facilitiesOf(pool, 250);
  const chosen = sample([...facilities.keys()], count, random)
    .toSorted((a, b) => a - b)
    .map((at) => facilities[at]!);
  return { patients: chosen.flatMap(({ rows }) => rows), faulty: chosen[2]!.name };
}

/** A job of so many of a programme's patients, with a fault in it. */
export function faultyList(
  pool: PatientPool,
  programme: Programme,
  rows: number,
  fault: Fault,
  random: Random,
): PatientList {
  const chosen = sample(programme.patients, rows, random);
  return pool.list(chosen, (list) => fault.change(list, random, programme.faulty));
}
