#!/usr/bin/env node
// JavaScript, so that Node does not load its TypeScript reader at every start: what it made of the other files is cached.
// It also has to say what is wrong on a Node that is too old to read the rest.
import { spawn } from 'node:child_process';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;

if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) {
  // A folder of one's own: nobody else may put compiled code into it.
  nodeModule.enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'iit'));
  const { main } = await import('../iit/main.ts');
  await main(process.argv);
} else {
  const node = nodeOfNpm();
  if (node === undefined) {
    process.stderr.write(
      `iit needs Node ${OLDEST_NODE} or later, and this is ${process.versions.node}. Run npm ci in the clone, which brings one along.\n`,
    );
    process.exitCode = 2;
  } else {
    const script = fileURLToPath(import.meta.url);
    const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
    // The terminal tells both of an interrupt; what is sent to this process alone is handed on.
    process.on('SIGINT', () => undefined);
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.once('exit', (code, signal) => {
      process.exitCode = signal === null ? code : 1;
    });
  }
}

/** The Node that npm ci has put beside the other packages. */
function nodeOfNpm() {
  try {
    const name = `node-${process.platform}-${process.arch}/package.json`;
    return join(dirname(nodeModule.createRequire(import.meta.url).resolve(name)), 'bin', 'node');
  } catch {
    return undefined;
  }
}
