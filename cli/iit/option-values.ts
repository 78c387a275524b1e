import type { Command } from 'commander';
import type { Context } from './context.ts';
import { UsageError } from './exit.ts';

/** What each file of commands is defined with. */
export type Definition = {
  program: Command;
  /** Of the command that an action was called with. */
  contextOf: (command: Command) => Context;
};

/** A reader of whole numbers for an option. */
export function whole(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,10}$/u.test(text) || value < min || value > max)
      throw new UsageError(`${name} takes a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** The same for an option that takes several. */
export function eachWhole(
  name: string,
  min: number,
  max: number,
): (text: string, before?: number[]) => number[] {
  const read = whole(name, min, max);
  return (text, before = []) => [...before, read(text)];
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `90s`, `30m`, `4h`; milliseconds. */
export function duration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smh])$/u.exec(text) ?? [];
  if (amount === undefined) throw new UsageError('A time is written 90s, 30m or 4h.');
  return Number(amount) * (UNIT_MS[unit] ?? 0);
}

/** How many refused rows are too many: a number, or a share such as `2%`. */
export type MaxRejected = { count: number } | { share: number };

export function maxRejected(text: string): MaxRejected {
  const [, amount, sign] = /^(\d{1,9}(?:\.\d{1,4})?)(%?)$/u.exec(text) ?? [];
  if (amount === undefined) throw new UsageError('--max-rejected takes a number, or a share such as 2%.');
  return sign === '%' ? { share: Number(amount) / 100 } : { count: Number(amount) };
}
