/**
 * Compiles engine/kernels/*.ts (AssemblyScript) to engine/wasm/*.ts, which a clone needs no toolchain to run.
 * `--check` compares instead of writing, and fails where what is kept is not what the sources give.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import asc from 'assemblyscript/asc';

const SOURCES = join(import.meta.dirname, '../engine/kernels');
const OUTPUT = join(import.meta.dirname, '../engine/wasm');
const check = process.argv.includes('--check');

// Nothing of a kernel's own lies in the memory, which the caller lays out.
const FLAGS = `-O3 --runtime stub --noAssert --noExportMemory --importMemory --sharedMemory --initialMemory 1
  --maximumMemory 65536 --memoryBase 64 --enable simd,threads,relaxed-simd`.split(/\s+/);

async function compile(file: string): Promise<Uint8Array> {
  const written = new Map<string, Uint8Array>();
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main([file, '--baseDir', SOURCES, '-o', 'out.wasm', ...FLAGS], {
    readFile: (name) => {
      const path = join(SOURCES, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (name, contents) => {
      written.set(name, typeof contents === 'string' ? Buffer.from(contents) : contents);
    },
    listFiles: () => [],
    stderr,
  });
  const wasm = written.get('out.wasm');
  if (error !== null || wasm === undefined) {
    throw new Error(`${file} does not compile:\n${stderr.toString()}`);
  }
  return wasm;
}

function asModule(file: string, wasm: Uint8Array): string {
  const name = `${file.replace(/\.ts$/, '').replaceAll('-', '_').toUpperCase()}_WASM`;
  const lines = Buffer.from(wasm)
    .toString('base64')
    .match(/.{1,100}/g)!
    .map((line) => `  '${line}',`);
  return `// Made by \`npm run build:kernels\` from engine/kernels/${file}; not to be edited.
const BASE64 = [
${lines.join('\n')}
];

/** The compiled kernel. */
export function ${name}(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(BASE64.join('')), (character) => character.charCodeAt(0));
}
`;
}

let stale = 0;
for (const file of ['explain.ts', 'score.ts']) {
  const wasm = await compile(file);
  const path = join(OUTPUT, file);
  const text = asModule(file, wasm);
  if (!check) {
    writeFileSync(path, text);
    console.log(`${path}: ${wasm.length} bytes`);
  } else if (readOrEmpty(path) !== text) {
    stale += 1;
    console.error(`${path} is not what engine/kernels/${file} gives: run npm run build:kernels`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
