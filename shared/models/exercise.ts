import { loadModel } from '#engine/index.ts';
import { leafRows } from './leaf-rows.ts';
import type { BoundedTree } from './model-bounds.ts';

/** Of the rows that are scored twice and explained. */
const MOST_ROWS = 5_000;
const MOST_ROW_TREES = 5_000_000;
const EXPLAINED_ROWS = 200;
const REASONS = 3;
/** A group of a thousand online rows then takes a quarter of a second; the shipped model takes a tenth of that. */
const MOST_MICROS_A_ROW = 250;
const ROUNDS = 5;

/**
 * Scores a model on rows that aim at every leaf, by the fast engine and by the reference, which must agree bit for bit;
 * explains some of them, and measures what a row takes. @returns what is wrong, in words
 */
export function exerciseModel(text: string, trees: readonly BoundedTree[], width: number): string[] {
  const fast = loadModel(text);
  const reference = loadModel(text, { scorer: 'reference' });
  const most = Math.min(MOST_ROWS, Math.ceil(MOST_ROW_TREES / Math.max(1, trees.length)));
  const rows = leafRows(trees, width, most);
  const scores = fast.predict(rows, { raw: true });
  const expected = reference.predict(rows, { raw: true });
  const problems: string[] = [];
  const differs = scores.findIndex((score, i) => !Object.is(score, expected[i]));
  if (differs >= 0) problems.push(`two ways of scoring differ: ${scores[differs]} and ${expected[differs]}`);
  if (scores.some((score) => !Number.isFinite(score)))
    problems.push('a row has a score that is no finite number');
  if (rows.length === 0) return problems;

  const some = rows.subarray(0, Math.min(rows.length, EXPLAINED_ROWS * width));
  let bestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    fast.predict(some, { raw: true });
    const { contributions } = fast.topReasons(some, { k: Math.min(REASONS, width) });
    bestMs = Math.min(bestMs, performance.now() - startedMs);
    if (contributions.some((contribution) => !Number.isFinite(contribution))) {
      problems.push('a reason is no finite number');
      break;
    }
  }
  const micros = (bestMs * 1_000) / (some.length / width);
  if (micros > MOST_MICROS_A_ROW) {
    problems.push(
      `a row with its reasons takes ${Math.round(micros)} µs: ${MOST_MICROS_A_ROW} µs is the most`,
    );
  }
  return problems;
}
