import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadManifest } from '#shared/models/manifest.ts';
import { verifyModel } from '#shared/models/verify.ts';

const USAGE = `npm run model:verify -- [DIR]

Checks every *.manifest.json of DIR (default models) with its model and golden rows, without Python.
`;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length > 1 || args[0]?.startsWith('-')) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const folder = args[0] ?? 'models';
  const manifests = (await readdir(folder)).filter((file) => file.endsWith('.manifest.json'));
  if (manifests.length === 0) throw new Error(`${folder} has no *.manifest.json`);
  for (const file of manifests) {
    const text = await readFile(join(folder, file), 'utf8');
    const named = loadManifest(text);
    const { manifest, rows, problems } = verifyModel({
      manifest: text,
      model: await readFile(join(folder, named.file)),
      golden: await readFile(join(folder, named.golden.file)),
    });
    const name = `${manifest.name} ${manifest.version}`;
    if (problems.length === 0) {
      process.stdout.write(`ok   ${name}: ${rows} golden rows, raw scores equal bit for bit\n`);
      continue;
    }
    process.exitCode = 1;
    process.stdout.write(`FAIL ${name}\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
