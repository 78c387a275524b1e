import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

import { chromium } from 'playwright-core';

const KINDS: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
};

/**
 * Opens the folder's page in Chromium.
 * @param isolated whether the page may share memory with its workers
 * @returns what the page says in the end
 */
export async function answersInBrowser(
  folder: string,
  executablePath: string,
  isolated: boolean,
): Promise<string> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, path));
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', KINDS[extname(path)] ?? 'application/octet-stream');
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    response.end(bytes);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page.html`);
    await page.waitForFunction('document.title !== "waiting"', undefined, { timeout: 60_000 });
    const said = await page.title();
    if (faults.length > 0) throw new Error(faults.join('; '));
    if (said.includes('isolated') !== isolated) throw new Error(`${said}, wanted isolated: ${isolated}`);
    return said;
  } finally {
    await browser.close();
    server.close();
  }
}
