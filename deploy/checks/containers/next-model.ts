import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const FOLDER = 'models/iit_lightgbm_model';

/** The shipped model under another version: the same trees, so that scores can be compared, in a file of its own. */
export async function nextModel(version: string): Promise<string> {
  const model = `${await readFile(`${FOLDER}.txt`, 'utf8')}\n`;
  const manifest = JSON.parse(await readFile(`${FOLDER}.manifest.json`, 'utf8')) as Record<string, unknown>;
  const sha256 = createHash('sha256').update(model).digest('hex');
  const golden = await readFile(`${FOLDER}.golden.json`, 'utf8');
  return JSON.stringify({ model, manifest: JSON.stringify({ ...manifest, version, sha256 }), golden });
}
