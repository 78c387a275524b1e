import { readFile, writeFile } from 'node:fs/promises';
import { loadManifest } from '#shared/models/manifest.ts';
import { featuresPage } from './features-page.ts';
import { reportOf, writeCard } from './write-docs.ts';

// npm run model:docs writes docs/features.md, docs/model-card.md and its plots anew.
const manifest = loadManifest(await readFile('models/iit_lightgbm_model.manifest.json', 'utf8'));
await writeFile('docs/features.md', featuresPage());
await writeCard('docs', manifest, await reportOf('models', manifest));
