import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '#shared/db/schema.ts';
import { TestBrowser } from './browser.ts';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await TestBrowser.launch();
  mkdirSync('.data/screenshots', { recursive: true });
});
afterAll(() => browser.close());

const only = process.env['SHOTS']?.split(',');
const PAGES: Record<string, [string, string][]> = {
  worker: [['calls', '/calls'], ['calls-missed', '/calls?list=missed'], ['patient', '/calls?list=missed#open']],
  supervisor: [['choose', '/calls'], ['overview', '/overview'], ],
  officer: [['runs', '/runs'], ['new-run', '/runs/new'], ['run', '/runs#open']],
  scientist: [['models', '/models'], ['model', '/models/1.0.0'], ['drift', '/models/1.0.0/drift']],
  auditor: [['audit', '/audit'], ['events', '/audit?view=events'], ['record', '/audit#open']],
  admin: [['status', '/status'], ['people', '/settings'], ['keys', '/settings?tab=keys'], ['facilities', '/settings?tab=facilities']],
};
for (const [role, pages] of Object.entries(PAGES)) {
  const wanted = pages.filter(([name]) => only === undefined || only.includes(name));
  if (wanted.length === 0) continue;
  test(role, async () => {
    const { context, page, complaints } = await browser.visit({ role: role as Role });
    for (const [name, path] of wanted)
      for (const width of [360, 1280])
        for (const dark of process.env['DARK'] === undefined ? [false] : [true]) {
          await page.setViewportSize({ width, height: width === 360 ? 740 : 800 });
          await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
          const answer = await page.goto(path.replace('#open', ''));
          if (answer?.status() !== 200) console.log(name, answer?.status(), (await page.textContent('main'))?.slice(0, 400));
          if (path.endsWith('#open')) {
            await page.click(name === 'record' ? 'tbody td:last-child a' : 'tbody th a');
            await page.waitForLoadState();
          }
          await page.screenshot({ path: `.data/screenshots/${name}-${width}${dark ? '-dark' : ''}.png`, fullPage: process.env['FULL'] !== undefined });
          const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
          if (Number(overflow) > 0) console.log(name, width, 'overflows by', overflow);
        }
    if (complaints.length > 0) console.log(complaints.slice(0, 5).join('\n'));
    await context.close();
    expect(true).toBe(true);
  }, 120_000);
}
