import { expect, test } from 'vitest';
import { DOORS } from './doors.ts';
import { fuzz } from './fuzz.ts';

const SECONDS = 2;

test.each(DOORS.map((door) => [door.name, door] as const))(
  'the door %s takes its seeds as they are',
  async (name, door) => {
    for (const seed of name === 'nmrs' || name === 'json' ? door.seeds.slice(0, 1) : door.seeds) {
      await expect(Promise.resolve(door.open(seed))).resolves.not.toBe(0);
    }
  },
);

test.each(DOORS.map((door) => [door.name, door] as const))(
  'the door %s answers mutated input, or refuses it, in time',
  async (_, door) => {
    const { runs, findings } = await fuzz(door, { seconds: SECONDS, seed: 1 });
    expect(runs).toBeGreaterThan(0);
    expect(
      findings.map(({ problem, input }) => `${problem} ${input.toString('base64').slice(0, 500)}`),
    ).toEqual([]);
  },
);
