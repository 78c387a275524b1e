import type { Facts } from './facts.ts';

/** A column of a line list: its title and what stands in it. */
export type ListColumn = readonly [title: string, cell: (facts: Facts) => string];
