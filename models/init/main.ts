import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { InitError, initModel } from './init-model.ts';

const USAGE = `iit models init MODEL.txt --sample TABLE.csv --id COLUMN --use "SENTENCE" [options]
npm run model:init -- (the same)

Describes any LightGBM text model (regression, binary, several classes, ranking) by a sample of its table: writes
MODEL.manifest.json and MODEL.golden.json beside it. Look through the manifest (units, ranges, descriptions, who
answers for it), then: iit models register MODEL.txt

  --sample FILE     CSV with a header: 100 rows or more like those that the model was trained on
  --id COLUMN       what names a row: the account, the order, the patient
  --group COLUMN    what rows belong to, as patients to a facility: a branch, a station
  --use TEXT        what the model is for, in a sentence
  --version V       of the model (default 1)
  --name NAME       of the model (default: the file's)
  --classes A,B,C   names of the classes, in the model's order (several classes)
  --medium P --high P
                    cut-offs of the tiers (binary; without them no row has a tier)
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sample: { type: 'string' },
      id: { type: 'string' },
      group: { type: 'string' },
      use: { type: 'string' },
      version: { type: 'string', default: '1' },
      name: { type: 'string' },
      classes: { type: 'string' },
      medium: { type: 'string' },
      high: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [file] = positionals;
  const { sample, id, use } = values;
  if (file === undefined || !file.endsWith('.txt') || positionals.length > 1)
    throw new InitError(`Name one model file that ends in .txt.\n\n${USAGE}`);
  if (sample === undefined || id === undefined || use === undefined)
    throw new InitError(`--sample, --id and --use are needed.\n\n${USAGE}`);
  if ((values.medium === undefined) !== (values.high === undefined))
    throw new InitError('--medium and --high belong together.');
  const stem = file.slice(0, -'.txt'.length);
  const made = initModel({
    model: await readFile(file, 'utf8'),
    modelFile: basename(file),
    goldenFile: `${basename(stem)}.golden.json`,
    sample: await readFile(sample, 'utf8'),
    rowId: id,
    groupId: values.group,
    name: values.name ?? basename(stem),
    version: values.version,
    use,
    classes: values.classes?.split(',').map((name) => name.trim()),
    tiers:
      values.medium === undefined ? undefined : { medium: Number(values.medium), high: Number(values.high) },
    today: new Date().toISOString().slice(0, 10),
  });
  // A manifest that somebody has looked through is not written over.
  await writeFile(`${stem}.manifest.json`, made.manifest, { flag: 'wx' });
  await writeFile(`${stem}.golden.json`, made.golden);
  process.stdout.write(
    `Described ${stem} from ${made.rows} rows. Look through ${stem}.manifest.json, then: iit models register ${file}\n`,
  );
}

try {
  await main();
} catch (error) {
  const isExisting = (error as { code?: string }).code === 'EEXIST';
  process.stderr.write(
    `${isExisting ? 'There is a manifest already: remove it to have it written anew.' : (error as Error).message}\n`,
  );
  process.exitCode = 1;
}
