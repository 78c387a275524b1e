/** Builds the package: one file of JavaScript and the command's, types, and the kernels' WASM for those who inspect it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { rolldown } from 'rolldown';

import { EXPLAIN_WASM } from '../wasm/explain.ts';
import { SCORE_WASM } from '../wasm/score.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

const bundle = await rolldown({
  input: { index: join(root, 'index.ts'), cli: join(root, 'cli/main.ts') },
  platform: 'neutral',
  external: /^node:/,
  transform: { target: 'es2022' },
});
await bundle.write({ dir: dist, format: 'esm', minify: true, chunkFileNames: 'engine.js' });
await bundle.close();

const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
mkdirSync(join(dist, 'wasm'), { recursive: true });
writeFileSync(join(dist, 'wasm/score.wasm'), SCORE_WASM());
writeFileSync(join(dist, 'wasm/explain.wasm'), EXPLAIN_WASM());
chmodSync(join(dist, 'cli.js'), 0o755);
