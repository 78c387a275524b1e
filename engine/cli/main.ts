#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { EngineError, loadModel } from '../index.ts';
import { inspectModel } from './inspect.ts';
import { scoreTable } from './score.ts';

const USAGE = `usage: iit-tree-engine score MODEL ROWS.csv [--raw] [--contrib] [--top K]
       iit-tree-engine inspect MODEL [--tree N]

score    answers CSV on standard output: a row's predictions, with --contrib every feature's contribution, with --top
         the K features that moved it most. ROWS.csv has a header with the model's feature names; columns that the
         model does not know are passed over, empty cells are missing.
inspect  says what the model holds: trees, depth, features and how often they split; --tree N draws a tree.
`;

function main(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      raw: { type: 'boolean', default: false },
      contrib: { type: 'boolean', default: false },
      top: { type: 'string' },
      tree: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, modelPath, rowsPath] = positionals;
  const wanted = command === 'score' ? 3 : 2;
  if (
    values.help ||
    (command !== 'score' && command !== 'inspect') ||
    modelPath === undefined ||
    positionals.length !== wanted
  ) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const model = readFileSync(modelPath);
  const text =
    command === 'inspect'
      ? inspectModel(model, values.tree === undefined ? undefined : Number(values.tree))
      : scoreTable(loadModel(model), readFileSync(rowsPath!, 'utf8'), {
          raw: values.raw,
          contrib: values.contrib,
          top: values.top === undefined ? undefined : Number(values.top),
        });
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof EngineError ? `${error.code}: ${error.message}` : (error as Error).message;
  process.stderr.write(`${known}\n`);
  process.exitCode = 1;
}
