import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { modelCard } from './model-card.ts';
import { cardPlots } from './plots.ts';
import { loadReport, type ModelReport } from './report.ts';

/** The report beside a manifest, where there is one and it is of that model. */
export async function reportOf(folder: string, manifest: ModelManifest): Promise<ModelReport | undefined> {
  const file = join(folder, `${manifest.name}.report.json`);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const report = text === undefined ? undefined : loadReport(text);
  return report?.sha256 === manifest.sha256 ? report : undefined;
}

/** Writes the model card into a folder, and its plots into `images` there. */
export async function writeCard(
  folder: string,
  manifest: ModelManifest,
  report: ModelReport | undefined,
): Promise<void> {
  await mkdir(join(folder, 'images'), { recursive: true });
  await writeFile(join(folder, 'model-card.md'), modelCard(manifest, report));
  for (const [name, svg] of cardPlots(manifest, report)) await writeFile(join(folder, 'images', name), svg);
}
