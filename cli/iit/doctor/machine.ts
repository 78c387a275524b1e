import { createHash } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { optional } from '../../run-command.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const LEAST_NODE = 24;
const GIB = 1024 ** 3;
const LEAST_FREE = 0.2 * GIB;
const LITTLE_FREE = 2 * GIB;
const DEFAULT_MODEL = 'models/iit_lightgbm_model.txt';

export async function checkNode(): Promise<Finding[]> {
  const version = process.versions.node;
  return Number(version.split('.')[0]) >= LEAST_NODE
    ? [ok('Node', version)]
    : [fail('Node', version, `use Node ${LEAST_NODE} or later; in a clone npm ci brings one`)];
}

export async function checkDisk(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, folder] of [
    ['disk here', process.cwd()],
    ['temporary disk', tmpdir()],
  ] as const) {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
    if (free < LEAST_FREE)
      findings.push(fail(name, detail, 'make room: workbooks and snapshots are spooled to disk'));
    else if (free < LITTLE_FREE)
      findings.push(warn(name, detail, 'make room before the next large workbook'));
    else findings.push(ok(name, detail));
  }
  return findings;
}

/** The shipped model, as migrate would register it. */
export async function checkModelFile(): Promise<Finding[]> {
  const file = optional('MODEL_PATH') ?? DEFAULT_MODEL;
  const name = 'model file';
  try {
    const [model, manifest] = await Promise.all([
      readFile(file),
      readFile(file.replace(/\.txt$/u, '.manifest.json'), 'utf8'),
    ]);
    const { version, sha256 } = JSON.parse(manifest) as { version?: string; sha256?: string };
    const found = createHash('sha256').update(model).digest('hex');
    return found === sha256
      ? [ok(name, `${file}, version ${version}`)]
      : [
          fail(
            name,
            `${file} is not the model of its manifest`,
            'take both files from the same training or release',
          ),
        ];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [
      warn(
        name,
        `${file} cannot be read (${code ?? 'no JSON'})`,
        'only migrate needs it: set MODEL_PATH, or run this in the clone or image',
      ),
    ];
  }
}
