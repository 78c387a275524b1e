import { readFile, writeFile } from 'node:fs/promises';
import { loadManifest } from '#shared/models/manifest.ts';
import { featuresPage } from './features-page.ts';
import { modelCard } from './model-card.ts';

// npm run model:docs writes docs/features.md and docs/model-card.md anew.
const manifest = loadManifest(await readFile('models/iit_lightgbm_model.manifest.json', 'utf8'));
await writeFile('docs/features.md', featuresPage());
await writeFile('docs/model-card.md', modelCard(manifest));
