/**
 * Writes client/openapi.ts, the types of every call, from the routes that the service answers. `--check` compares instead, and
 * fails where what is kept is not what the routes give.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import { openApiDocument } from '../../api/openapi/document.ts';
import { ROUTES } from '../../api/routes/all.ts';

const OUTPUT = join(import.meta.dirname, '../openapi.ts');
const HEAD = '// Made by `npm run build:client` from the routes under api/; not to be edited.\n';

const text = HEAD + astToString(await openapiTS(JSON.stringify(openApiDocument(ROUTES))));
if (!process.argv.includes('--check')) {
  await writeFile(OUTPUT, text);
} else if ((await readFile(OUTPUT, 'utf8').catch(() => '')) !== text) {
  process.stderr.write(
    `${OUTPUT} is not what the routes under api/ give: run npm run build:client and commit it.\n`,
  );
  process.exitCode = 1;
}
