import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = 'models/training/requirements.txt';

/**
 * The Python to train with: `PYTHON`, else the repository's .venv, else python3; the first that can import
 * lightgbm. `undefined` where none can.
 */
export function findPython(modules: readonly string[] = ['lightgbm', 'numpy']): string | undefined {
  const local = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));
  const candidates = process.env['PYTHON'] === undefined ? [local, 'python3'] : [process.env['PYTHON']];
  return candidates.find(
    (python) => spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0,
  );
}

export const NO_PYTHON = `No Python with lightgbm was found. Make one with
  python3 -m venv .venv && .venv/bin/pip install -r ${REQUIREMENTS}
or name one: PYTHON=/path/to/python npm run model:train`;

/** Runs the trainer, or another program beside it, to its end. Throws where it fails; what it says goes to standard error. */
export async function runTrainer(
  python: string,
  args: readonly string[],
  program: 'train.py' | 'report.py' = 'train.py',
): Promise<void> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(python, [path, ...args], { stdio: ['ignore', 2, 2] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with code ${code}`);
}
