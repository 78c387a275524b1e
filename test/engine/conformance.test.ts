import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { loadModel, type Choice } from '#engine/index.ts';
import { differences, goldenFolders, readCase } from '#test/golden/cases.ts';

/** The repository's own cases, and any others that the environment points at. */
const directories = [
  join(import.meta.dirname, '../golden'),
  join(import.meta.dirname, '../golden-public'),
  process.env['GOLDEN_DIR'],
].filter((directory) => directory !== undefined && directory !== '') as string[];

const choices: readonly Choice[] = ['reference', 'fast'];

describe.each(directories)('%s', (directory) => {
  for (const folder of goldenFolders(directory)) {
    const golden = readCase(folder);
    test.each(choices)(`${golden.name}: the %s scorer and explainer give LightGBM's answers`, (choice) => {
      const model = loadModel(golden.modelText, {
        scorer: choice,
        explainer: choice === 'fast' ? 'auto' : 'reference',
      });
      expect(differences(model, golden)).toEqual([]);
    });
  }
});
