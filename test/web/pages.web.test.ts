import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Role } from '#shared/db/schema.ts';
import { TestBrowser, type Visit } from './browser.ts';
import { withSessions } from './sessions.ts';

const SHOTS = '.data/screenshots';
/** `npm run docs:pictures`: the pages that the guides show, at this width in the light, by the name of their picture. */
const PICTURES = process.env['DOCS_PICTURES'] === '1' ? 'docs/images' : undefined;
const PICTURED: Readonly<Record<string, { width: number; picture: string }>> = {
  calls: { width: 360, picture: 'calls-phone' },
  patient: { width: 1280, picture: 'patient' },
  overview: { width: 1280, picture: 'overview' },
  run: { width: 1280, picture: 'run' },
  'new-run': { width: 1280, picture: 'new-run' },
  model: { width: 1280, picture: 'model' },
  record: { width: 1280, picture: 'record' },
  status: { width: 1280, picture: 'status' },
};
const NOTICE =
  'Prioritises supportive contact. Not a diagnosis; never a reason to delay, reduce or refuse ART.';

/** Every page as somebody of its role sees it; `open` is followed from there. */
const PAGES: { name: string; role: Role | undefined; path: string; open?: string }[] = [
  { name: 'login', role: undefined, path: '/login' },
  { name: 'calls', role: 'worker', path: '/calls' },
  { name: 'calls-missed', role: 'worker', path: '/calls?list=missed' },
  { name: 'calls-interrupted', role: 'worker', path: '/calls?list=interrupted' },
  { name: 'patient', role: 'worker', path: '/calls?list=missed', open: '.calls .id a' },
  { name: 'account', role: 'worker', path: '/account' },
  { name: 'choose', role: 'supervisor', path: '/calls' },
  { name: 'overview', role: 'supervisor', path: '/overview' },
  { name: 'runs', role: 'officer', path: '/runs' },
  { name: 'new-run', role: 'officer', path: '/runs/new' },
  { name: 'run', role: 'officer', path: '/runs', open: 'tbody th a' },
  { name: 'models', role: 'scientist', path: '/models' },
  { name: 'model', role: 'scientist', path: '/models/2.0.0' },
  { name: 'drift', role: 'scientist', path: '/models/2.0.0/drift' },
  { name: 'audit', role: 'auditor', path: '/audit' },
  { name: 'events', role: 'auditor', path: '/audit?view=events' },
  { name: 'record', role: 'auditor', path: '/audit', open: 'tbody td:last-child a' },
  { name: 'status', role: 'admin', path: '/status' },
  { name: 'people', role: 'admin', path: '/settings' },
  { name: 'keys', role: 'admin', path: '/settings?tab=keys' },
  { name: 'facilities', role: 'admin', path: '/settings?tab=facilities' },
];

const WIDTHS = [320, 360, 1280] as const;
/** A scheme changes colours and nothing else: every rule is asked in the light, those of colour in the dark too. */
const SCHEMES = [
  ['light', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }],
  ['dark', { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }],
] as const;

const hasChromium = inject('web').chromium !== undefined;
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: TestBrowser;
const visits = new Map<string, Visit>();
beforeAll(async () => {
  if (!hasChromium) return;
  browser = await TestBrowser.launch();
  mkdirSync(SHOTS, { recursive: true });
});
afterAll(() => browser?.close());

/** One profile a role for all of its pages. */
async function visitOf(role: Role | undefined, script = true): Promise<Visit> {
  const key = `${role ?? 'nobody'} ${script}`;
  const known = visits.get(key);
  if (known !== undefined) return known;
  const visit = await browser.visit({ ...(role === undefined ? {} : { role }), script });
  visits.set(key, visit);
  return visit;
}

/** Where `open` led: looked for once. */
const opened = new Map<string, string>();

async function go(page: Page, { name, path, open }: (typeof PAGES)[number]): Promise<number> {
  if (open !== undefined && !opened.has(name)) {
    await page.goto(path);
    opened.set(name, (await page.locator(open).first().getAttribute('href')) ?? '');
  }
  return (await page.goto(opened.get(name) ?? path))?.status() ?? 0;
}

/** Bytes of each page's HTML, gzipped. */
const pageBytes = new Map<string, number>();

type AxeResult = { violations: { id: string; nodes: { html: string }[] }[] };

/** The debugger brings axe into a page once: the page's own policy allows no foreign script. */
async function axe(page: Page, rules: (typeof SCHEMES)[number][1]): Promise<string[]> {
  const options = JSON.stringify({ ...rules, resultTypes: ['violations'], preload: false });
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(`${axeSource}; 0`);
  const found = await page.evaluate<AxeResult>(`axe.run(document, ${options})`);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`);
}

describe.skipIf(!hasChromium)('every page (needs Debian’s chromium)', () => {
  test.each(PAGES)(
    '$name: passes axe and never scrolls sideways at 320, 360 and 1280 px, light and dark, without a complaint of the browser',
    async (one) => {
      const { page, complaints } = await visitOf(one.role);
      complaints.length = 0;
      expect(await go(page, one)).toBe(200);
      pageBytes.set(one.name, gzipSync(await page.content(), { level: 9 }).length);
      const faults: string[] = [];
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: width < 1000 ? 740 : 800 });
        for (const [colorScheme, rules] of SCHEMES) {
          await page.emulateMedia({ colorScheme });
          const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
          if (overflow > 0) faults.push(`${width}: scrolls sideways by ${overflow}`);
          for (const fault of await axe(page, rules)) faults.push(`${width} ${colorScheme}: ${fault}`);
          if (width > 320)
            await page.screenshot({ path: `${SHOTS}/${one.name}-${width}-${colorScheme}.png` });
          const pictured = PICTURED[one.name];
          if (PICTURES !== undefined && colorScheme === 'light' && pictured?.width === width)
            await page.screenshot({ path: `${PICTURES}/${pictured.picture}.png` });
        }
      }
      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );

  test('is whole without script: its heading, its rows, the notice', async () => {
    for (const one of PAGES) {
      const { page } = await visitOf(one.role, false);
      expect([one.name, await go(page, one)]).toEqual([one.name, 200]);
      expect((await page.locator('h1').textContent())?.trim()).not.toBe('');
      expect(await page.locator('.notice').last().textContent()).toContain(NOTICE);
    }
  });

  test('the API’s own page reads at 320 px, in the dark, with one main part, and within 16 kB', async () => {
    const { page, complaints } = await visitOf(undefined);
    complaints.length = 0;
    const answer = await page.goto('/docs');
    const size = gzipSync((await answer?.body()) ?? '', { level: 9 }).length;
    process.stdout.write(`budget: /docs: ${size} B gz of 16,384\n`);
    expect(size).toBeLessThanOrEqual(16 * 1024);
    await page.locator('details').evaluateAll((all) => {
      for (const one of all as unknown as { open: boolean }[]) one.open = true;
    });
    const faults: string[] = [];
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 740 });
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (overflow > 0) faults.push(`${width}: scrolls sideways by ${overflow}`);
    }
    for (const [colorScheme, rules] of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      for (const fault of await axe(page, rules)) faults.push(`${colorScheme}: ${fault}`);
      await page.screenshot({ path: `${SHOTS}/docs-1280-${colorScheme}.png` });
    }
    expect(faults).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await page.locator('main').count()).toBe(1);
    expect(await page.locator('pre', { hasText: /^curl / }).count()).toBeGreaterThan(30);
  });

  test('a phone of 360 px shows the first patient above its fold, targets of 40 px or more', async () => {
    const { page } = await visitOf('worker');
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto('/calls');
    const card = await page.locator('.calls tbody tr').first().boundingBox();
    expect((card?.y ?? 0) + 160).toBeLessThan(740);
    const heights = await page
      .locator('.calls form button, .calls select, .tabs a')
      .evaluateAll((targets) =>
        (targets as unknown as { offsetHeight: number }[]).map(({ offsetHeight }) => offsetHeight),
      );
    expect(heights.length).toBeGreaterThan(100);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(40);
  });

  test('stays within its bytes', async () => {
    const { page } = await visitOf('worker');
    const sizes: string[] = [];
    const measure = async (path: string) => {
      const answer = await page.request.get(path, {
        headers: { accept: 'text/html', 'accept-encoding': 'identity' },
      });
      return gzipSync(await answer.body(), { level: 9 }).length;
    };
    const calls = await measure('/calls?capacity=50');
    await page.goto('/calls');
    const loaded = await page.evaluate<[string, number][]>(
      `performance.getEntriesByType('resource').map((one) => [one.name, one.decodedBodySize])`,
    );
    const assets = await Promise.all(
      loaded.map(async ([url]) => [new URL(url).pathname, await measure(url)] as const),
    );
    const script = assets.filter(([path]) => path.endsWith('.js')).reduce((sum, [, size]) => sum + size, 0);
    const style = assets.filter(([path]) => path.endsWith('.css')).reduce((sum, [, size]) => sum + size, 0);
    sizes.push(
      `calls, 50 patients: ${calls} B gz of 10,000`,
      `script: ${script} B gz of 20,000`,
      `style: ${style} B gz`,
    );
    const [name = '', heaviest = Infinity] = [...pageBytes].toSorted(([, a], [, b]) => b - a)[0] ?? [];
    sizes.push(
      `heaviest of ${pageBytes.size} pages, ${name}: ${heaviest + script + style} B gz of 100,000 with everything`,
    );
    process.stdout.write(sizes.map((line) => `budget: ${line}\n`).join(''));
    expect(calls).toBeLessThanOrEqual(10_000);
    expect(script).toBeLessThanOrEqual(20_000);
    expect(heaviest + script + style).toBeLessThanOrEqual(100_000);
  });
});

test('every page has its own answer for every role: 200 for those who may, 403 for the others, log-in for nobody', async () => {
  const { url } = inject('web');
  const allowed: Record<string, Role[]> = {
    '/calls': ['worker', 'supervisor', 'officer', 'admin'],
    '/overview': ['supervisor', 'officer', 'scientist', 'admin'],
    '/runs': ['officer', 'admin'],
    '/runs/new': ['officer', 'admin'],
    '/models': ['scientist', 'auditor', 'admin'],
    '/models/2.0.0/drift': ['scientist', 'auditor', 'admin'],
    '/audit': ['auditor', 'admin'],
    '/status': ['officer', 'scientist', 'auditor', 'admin'],
    '/settings': ['admin'],
  };
  const roles = ['worker', 'supervisor', 'officer', 'scientist', 'auditor', 'admin'] as const;
  await withSessions(async (cookieOf) => {
    for (const [path, may] of Object.entries(allowed)) {
      const statuses: Record<string, number> = {};
      const stored: (string | null)[] = [];
      for (const role of roles) {
        const answer = await fetch(url + path, {
          headers: { cookie: await cookieOf(role) },
          redirect: 'manual',
        });
        statuses[role] = answer.status;
        stored.push(answer.headers.get('cache-control'));
      }
      expect([path, statuses]).toEqual([
        path,
        Object.fromEntries(roles.map((role) => [role, may.includes(role) ? 200 : 403])),
      ]);
      expect(new Set(stored)).toEqual(new Set(['no-store']));
      const nobody = await fetch(url + path, { redirect: 'manual' });
      expect([path, nobody.status, nobody.headers.get('location')]).toEqual([
        path,
        303,
        `/login?next=${encodeURIComponent(path)}`,
      ]);
    }
    const refused = roles.filter((role) => Object.values(allowed).some((may) => !may.includes(role)));
    await expect
      .poll(async () => await refusalReasons())
      .toEqual(expect.arrayContaining(refused.map((role) => `role ${role}`)));
  });
});

test('the patients of a facility are for those who have it: page, export and API answer alike, and a stranger is in the log', async () => {
  const { url } = inject('web');
  await withSessions(async (cookieOf) => {
    const ask = async (role: Role, path: string) =>
      (await fetch(url + path, { headers: { cookie: await cookieOf(role) }, redirect: 'manual' })).status;
    const idsOf = async (role: Role) => {
      const answer = await fetch(`${url}/v1/facilities`, { headers: { cookie: await cookieOf(role) } });
      const { facilities } = (await answer.json()) as {
        facilities: { id: string; list_finished_at: string | null }[];
      };
      return facilities.filter((one) => one.list_finished_at !== null).map(({ id }) => id);
    };
    const [own = ''] = await idsOf('worker');
    const other = (await idsOf('supervisor')).find((id) => id !== own) ?? '';
    const may: Role[] = ['supervisor', 'officer', 'admin'];
    const expected = { worker: 404, supervisor: 200, officer: 200, admin: 200, scientist: 403, auditor: 403 };
    for (const path of [
      `/calls?facility=${other}`,
      `/calls?facility=${other}&format=xlsx`,
      `/v1/facilities/${other}/calls`,
    ]) {
      const statuses: Record<string, number> = {};
      for (const role of Object.keys(expected) as Role[]) statuses[role] = await ask(role, path);
      expect([path, statuses]).toEqual([path, expected]);
    }
    expect(await ask('worker', `/calls/anybody?facility=${other}`)).toBe(404);
    expect(await ask('worker', `/calls?facility=${own}`)).toBe(200);
    for (const role of may) expect(await ask(role, '/calls?facility=none-such')).toBe(404);
    await expect.poll(async () => await refusalReasons()).toContain('facility');
  });
});

/** Why somebody was refused, as the log has it. */
async function refusalReasons(): Promise<string[]> {
  const { url, key } = inject('web');
  const answer = await fetch(`${url}/v1/audit/events?action=auth.refused&limit=500`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { events } = (await answer.json()) as { events: { details: { reason: string } }[] };
  return events.map(({ details }) => details.reason);
}
