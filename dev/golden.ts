import { parseArgs } from 'node:util';

import { EngineError, loadModel } from '#engine/index.ts';
import { differences, goldenFolders, readCase } from '#test/golden/cases.ts';

const USAGE =
  'usage: npm run golden -- [DIR] [--scorer auto|fast|reference] [--explainer auto|fast|reference]';
const CHOICES = ['auto', 'fast', 'reference'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scorer: { type: 'string', default: 'auto' },
    explainer: { type: 'string', default: 'auto' },
  },
});
const scorer = CHOICES.find((choice) => choice === values.scorer);
const explainer = CHOICES.find((choice) => choice === values.explainer);
if (scorer === undefined || explainer === undefined || positionals.length > 1) {
  console.error(USAGE);
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const folder of goldenFolders(positionals[0] ?? 'test/golden')) {
  const golden = readCase(folder);
  let found: string[];
  let how = '';
  try {
    const model = loadModel(golden.modelText, { scorer, explainer });
    how = ` (${model.scorerName})`;
    found = differences(model, golden);
  } catch (error) {
    found = [error instanceof EngineError ? `${error.code}: ${error.message}` : String(error)];
  }
  if (found.length === 0) {
    passed += 1;
    console.log(`ok   ${golden.name}${how}`);
  } else {
    failed += 1;
    console.log(`FAIL ${golden.name}${how}: ${found.join('; ')}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
