/**
 * Builds the engine's package, installs its tarball in an empty folder and uses it there: types, Node 20 or later, other
 * runtimes where they are, Chromium with and without shared memory. `npm run test:package`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { answersInBrowser } from './browser.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What a page loads, compressed; and the tarball, which carries types, texts and the WASM once more. */
const MOST_BYTES = 60_000;
const MOST_TARBALL_BYTES = 100_000;
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const folder = mkdtempSync(join(tmpdir(), 'iit-tree-engine-'));
const counts = { passed: 0, failed: 0, skipped: 0 };

async function check(name: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
    counts.passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAIL ${name}: ${(error as Error).message.slice(0, 2000)}`);
  }
}

function skip(name: string, why: string): void {
  counts.skipped += 1;
  console.log(`SKIP ${name}: ${why}`);
}

/** @throws with what the program said, where it failed or did not close with `all equal` */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

function equals(found: string): void {
  if (!found.includes('all equal')) throw new Error(`it said ${JSON.stringify(found)}`);
}

try {
  const packed = execFileSync(
    'npm',
    ['pack', '--json', '--pack-destination', folder, '--workspace', 'engine'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const { filename, files } = packedFiles(packed);
  await check(`the tarball weighs at most ${MOST_TARBALL_BYTES} bytes, carries no source and no test`, () => {
    const bytes = statSync(join(folder, filename)).size;
    console.log(`     ${bytes} bytes, ${files.length} files`);
    if (bytes > MOST_TARBALL_BYTES) throw new Error(`${bytes} bytes`);
    const foreign = files.filter(
      (path) => !/^(dist\/.*\.(js|d\.ts|wasm)|[A-Z]+(\.md)?|package\.json)$/.test(path),
    );
    if (foreign.length > 0) throw new Error(foreign.join(', '));
  });

  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await check('it installs in an empty folder, without the network', () => {
    run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)]);
  });
  for (const file of ['use.mjs', 'use-in-page.mjs', 'worker.mjs', 'types.ts', 'page.html']) {
    cpSync(join(import.meta.dirname, 'fixtures', file), join(folder, file));
  }
  cpSync(join(ROOT, 'test/golden/binary_nan'), join(folder, 'lightgbm'), { recursive: true });
  cpSync(join(ROOT, 'test/golden-xgboost/dart_multi_ubj'), join(folder, 'xgboost'), { recursive: true });

  await check('a page needs no more than the limit, compressed', () => {
    const code = files
      .filter((path) => path.endsWith('.js') && path !== 'dist/cli.js')
      .map((path) => readFileSync(join(folder, 'node_modules/iit-tree-engine', path)));
    const bytes = gzipSync(Buffer.concat(code), { level: 9 }).length;
    console.log(`     ${bytes} bytes`);
    if (bytes > MOST_BYTES) throw new Error(`${bytes} bytes`);
  });

  await check('its types hold without the DOM and without skipLibCheck', () => {
    const compiler = join(
      dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
      'bin/tsc',
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022'];
    run(process.execPath, [compiler, ...options, '--types', '', 'types.ts']);
  });

  for (const node of nodes()) {
    await check(`Node ${node.version}: scores, reasons, streams, threads, errors`, () => {
      equals(run(node.path, ['use.mjs']));
    });
  }
  for (const [runtime, args] of [
    ['deno', ['run', '--allow-read', 'use.mjs']],
    ['bun', ['use.mjs']],
  ] as const) {
    if (spawnSync(runtime, ['--version']).status === 0)
      await check(runtime, () => equals(run(runtime, args)));
    else skip(runtime, 'it is not installed here');
  }

  await check('the command scores a table and draws a tree', () => {
    const command = join(folder, 'node_modules/.bin/iit-tree-engine');
    writeFileSync(join(folder, 'rows.csv'), 'Column_0,Column_1,id\n1,2,a\n,-3,b\n');
    const table = run(process.execPath, [command, 'score', 'lightgbm/model.txt', 'rows.csv', '--top', '2']);
    if (
      !/^prediction,reason_1,reason_1_contribution,reason_2,reason_2_contribution\n0\.\d+,Column_/.test(table)
    ) {
      throw new Error(table);
    }
    const drawn = run(process.execPath, [command, 'inspect', 'lightgbm/model.txt', '--tree', '0']);
    if (!drawn.includes('trees        25') || !drawn.includes('└no ')) throw new Error(drawn);
  });

  if (existsSync(CHROMIUM)) {
    for (const isolated of [false, true]) {
      await check(`Chromium, ${isolated ? 'isolated, with a worker' : 'without shared memory'}`, async () => {
        equals(await answersInBrowser(folder, CHROMIUM, isolated));
      });
    }
  } else {
    skip('Chromium', `there is none at ${CHROMIUM}; set CHROMIUM`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

/** npm answers a list, newer versions an object by name. */
function packedFiles(json: string): { filename: string; files: string[] } {
  const answer = JSON.parse(json.slice(json.search(/[[{]/))) as Record<string, unknown>;
  const [pack] = Object.values(answer) as { filename: string; files: { path: string }[] }[];
  return { filename: pack!.filename, files: pack!.files.map(({ path }) => path) };
}

/** This Node, and the PATH's own, which may be older. */
function nodes(): { path: string; version: string }[] {
  const found = [process.execPath, '/usr/local/bin/node', '/usr/bin/node', process.env['NODE_20'] ?? 'node']
    .map((path) => ({
      path,
      version: spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '',
    }))
    .filter(({ version }) => Number(/^v([0-9]+)/.exec(version)?.[1] ?? 0) >= 20);
  return found.filter(({ version }, at) => found.findIndex((other) => other.version === version) === at);
}
