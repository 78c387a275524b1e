import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBudget, type Reservation } from './memory-budget.ts';

const MB = 1024 ** 2;

test('the sum of what is held never exceeds the budget, and all of it comes back', () => {
  const step = fc.record({
    owner: fc.integer({ min: 1, max: 3 }),
    bytes: fc.integer({ min: 1, max: 2 * MB }),
    drop: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budget = new MemoryBudget(4 * MB);
      const open: Reservation[] = [];
      for (const { owner, bytes, drop } of steps) {
        const before = budget.usedBytes;
        const reservation = budget.open(owner);
        const code = codeOf(() => reservation.add(bytes));
        expect([undefined, 'overloaded']).toContain(code);
        expect(budget.usedBytes).toBe(code === undefined ? before + bytes : before);
        open.push(reservation);
        open[drop]?.release();
        open[drop]?.release();
        expect(budget.usedBytes).toBe(open.reduce((sum, { bytes: held }) => sum + held, 0));
        expect(budget.usedBytes).toBeLessThanOrEqual(budget.maxBytes);
      }
      for (const reservation of open) reservation.release();
      expect(budget.usedBytes).toBe(0);
    }),
  );
});

function codeOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
}

test('an owner may have half, another one finds room, and a small body finds room where no large one does', () => {
  const budget = new MemoryBudget(8 * MB);
  budget.acquire(1, 4 * MB);
  expect(() => budget.acquire(1, 70_000)).toThrow('as much foreign data');
  budget.acquire(2, 3 * MB);
  expect(() => budget.acquire(3, 70_000)).toThrow('as much foreign data');
  const release = budget.acquire(1, 1_000);
  release();
  release();
  expect(budget.usedBytes).toBe(7 * MB);
});
