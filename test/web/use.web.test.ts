import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { addPerson, makeInvitation } from '#api/people/people.ts';
import { totpCode } from '#api/people/totp.ts';
import { IitClient } from '#client/index.ts';
import { TestBrowser } from './browser.ts';

const run = promisify(execFile);
const NOTICE =
  'Prioritises supportive contact. Not a diagnosis; never a reason to delay, reduce or refuse ART.';
const hasChromium = inject('web').chromium !== undefined;
const PDFTOTEXT = '/usr/bin/pdftotext';

let browser: TestBrowser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'iit-web-'));
  if (hasChromium) browser = await TestBrowser.launch();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** RFC 4648, as the page writes it. */
function fromBase32(text: string): Buffer {
  const bits = Array.from(text.replaceAll(/\s/gu, ''))
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/gu) ?? []).map((byte) => parseInt(byte, 2)));
}

describe.skipIf(!hasChromium)('somebody at the pages (needs Debian’s chromium)', () => {
  test('comes in by an invitation, chooses password and second factor, and after the log-out the back button shows nothing', async () => {
    const email = `new-${Date.now()}@example.org`;
    const id = await addPerson(browser.db, {
      tenantId: 1,
      email,
      name: 'New Worker',
      role: 'officer',
      language: 'en',
      areas: [],
      createdBy: 'test',
    });
    const token = await makeInvitation(browser.db, {
      personId: id,
      purpose: 'invitation',
      createdBy: 'test',
    });
    const { page, context, complaints } = await browser.visit();
    await page.goto(`/welcome/${token}`);
    const secret = fromBase32((await page.locator('.field code').textContent()) ?? '');
    const password = 'a sentence that is long enough';
    const code = () => totpCode(secret, Math.floor(Date.now() / 30_000));
    await page.fill('[name=password]', password);
    await page.fill('[name=code]', '000000');
    await page.click('main button.primary');
    expect(await page.locator('[role=alert]').textContent()).toContain('code is not right');
    await page.fill('[name=password]', password);
    await page.fill('[name=code]', code());
    await Promise.all([page.waitForURL('**/calls'), page.click('main button.primary')]);
    await page.goto('/runs');
    const cookies = await context.cookies();
    expect(cookies.find(({ name }) => name === '__Host-iit')).toMatchObject({
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
    });
    await page.locator('.foot form button').click();
    await page.waitForURL('**/login');
    await page.goBack();
    await page.waitForURL('**/login?**');
    expect(await page.locator('table').count()).toBe(0);
    await page.fill('[name=email]', email);
    await page.fill('[name=password]', 'wrong');
    await page.fill('[name=code]', '123456');
    await page.click('main button.primary');
    expect(await page.locator('[role=alert]').textContent()).toContain('not right');
    expect(complaints.filter((line) => !/40[01]/u.test(line))).toEqual([]);
    await context.close();
  });

  test('calls by keyboard alone: search, rows, a contact recorded without a reload', async () => {
    const { page, context, complaints } = await browser.visit({ role: 'worker' });
    await page.goto('/calls?list=missed');
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.id')).toBe('search');
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    expect(await page.locator('tr.on').count()).toBe(1);
    const first = page.locator('.calls tbody tr').first();
    const patient = await first.locator('.id a').textContent();
    await page.keyboard.press('Tab');
    await first.locator('select').focus();
    await page.keyboard.type('Not going');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await first.locator('.said').waitFor();
    expect(await first.locator('.said').textContent()).toContain('Not going through');
    expect(page.url()).toContain('list=missed');
    await page.goto(`/calls/${encodeURIComponent(patient?.trim() ?? '')}`);
    expect(await page.locator('#contacts').textContent()).toContain('Not going through');
    expect(await page.locator('.actions a').getAttribute('href')).toContain(
      'https://emr.example.org/patient/',
    );
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('sees what finds the folder: hospital number, case manager, age and sex of a line list', async () => {
    const { url, key } = inject('web');
    const client = new IitClient({ url, key });
    const today = new Date().toISOString().slice(0, 10);
    const { stdout } = await run(
      process.execPath,
      ['models/synthetic/main.ts', '--kind', 'radet', '--rows', '60', '--seed', '4', '--as-of', today],
      { maxBuffer: 16 * 1024 ** 2 },
    );
    // A facility of its own, so that no other list becomes an earlier one.
    const [, line = ''] = stdout.split('\n');
    const facility = /,(SYN[^,]{8}),/u.exec(line)?.[1] ?? '';
    const list = Buffer.from(stdout.replaceAll(facility, 'SYN-OTHER'));
    const { job } = await client.submit(() => list, { name: 'nightly' });
    expect(job.input?.format).toBe('line_list/csv');
    const { page, context } = await browser.visit({ role: 'supervisor' });
    await expect
      .poll(async () => (await page.goto('/calls?facility=SYN-OTHER'))?.status(), { timeout: 60_000 })
      .toBe(200);
    const who = await page.locator('.calls tbody .id').first().textContent();
    expect(who?.replaceAll(/\s+/gu, ' ')).toMatch(
      /\d+ years · (?:fe)?male ?Hospital no\. SYN\d+ ?Case manager SYN case manager \d/u,
    );
    await page.locator('.calls .id a').first().click();
    expect(await page.locator('.head .aside').textContent()).toContain('Hospital no. SYN');
    await context.close();
  });

  test('records a contact where scripts are off', async () => {
    const { page, context } = await browser.visit({ role: 'worker', script: false });
    await page.goto('/calls?list=due');
    const first = page.locator('.calls tbody tr').first();
    await first.locator('select').selectOption('has_medicine');
    await first.locator('form button').click();
    await page.waitForURL('**/calls/**');
    expect(await page.locator('#contacts').textContent()).toContain('Reached, has medicine');
    await context.close();
  });

  test('prints fifty patients on three pages at most, each with the notice and boxes to tick', async () => {
    const { page, context } = await browser.visit({ role: 'supervisor' });
    await page.goto('/calls');
    const facilities = await page.locator('tbody tr').evaluateAll((rows) =>
      (
        rows as unknown as {
          querySelector: (at: string) => { href: string };
          cells: { textContent: string }[];
        }[]
      ).map(
        (row) =>
          [row.querySelector('a').href, Number(row.cells[4]?.textContent?.replaceAll(',', ''))] as const,
      ),
    );
    const [largest] = facilities.toSorted((a, b) => b[1] - a[1]);
    await page.goto(largest?.[0] ?? '');
    expect(await page.locator('.calls tbody tr').count()).toBe(50);
    const file = path.join(folder, 'calls.pdf');
    await writeFile(file, await page.pdf({ preferCSSPageSize: true }));
    if (!existsSync(PDFTOTEXT))
      return process.stdout.write('SKIPPED: pdftotext is not installed; printed pages are not read\n');
    const { stdout } = await run(PDFTOTEXT, ['-layout', file, '-']);
    const pages = stdout.split('\f').filter((text) => text.trim() !== '');
    expect(pages.length).toBeLessThanOrEqual(3);
    for (const text of pages) expect(text.replaceAll(/\s+/gu, ' ')).toContain(NOTICE);
    expect(stdout.match(/☐ reached/gu)?.length).toBe(50);
    await context.close();
    return undefined;
  });

  test('sends a file: what was understood comes first, a cut line is told, and the run is followed to its end', async () => {
    const { page, context } = await browser.visit({ role: 'officer' });
    const today = new Date().toISOString().slice(0, 10);
    const { stdout } = await run(
      process.execPath,
      ['models/synthetic/main.ts', '--rows', '300', '--seed', '9', '--as-of', today],
      { maxBuffer: 64 * 1024 ** 2 },
    );
    const lines = stdout.trimEnd().split('\n');
    lines[5] = lines[5]!.replace(/^([^,]*,[^,]*,[^,]*),[^,]*,/u, '$1,many,');
    const file = path.join(folder, 'cohort.csv');
    await writeFile(file, `${lines.join('\n')}\n`);
    await page.goto('/runs/new?name=afternoon');
    await page.setInputFiles('input[type=file]', file);
    await page.locator('#understood').waitFor();
    const answer = (await page.locator('#answer').textContent())?.replaceAll(/\s+/gu, ' ') ?? '';
    expect(answer).toContain('300 rows read: 299 can be scored, 1 are refused.');
    expect(answer).toContain('table/csv');
    await page.route('**/runs?*', (route) => route.abort('connectionreset'), { times: 1 });
    await page.click('#send');
    await expect.poll(() => page.locator('#progress').textContent()).toContain('The line was cut');
    await page.click('#send');
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}/u);
    await page.locator('.state.ok').first().waitFor({ timeout: 120_000 });
    expect(await page.locator('#refused').textContent()).toContain('not_a_number');
    expect(await page.locator('#refused').textContent()).toContain('6');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('a[href*="rejections?format=csv"]').click(),
    ]);
    expect(download.suggestedFilename()).toContain('rejections-');
    await context.close();
  });

  test('reads the pages in French, with a word on who translated them', async () => {
    const { page, context } = await browser.visit({ language: 'fr-FR' });
    await page.goto('/login');
    expect(await page.locator('h1').textContent()).toContain('Se connecter');
    expect(await page.locator('.machine').textContent()).toContain('machine');
    await page.locator('.langs button[value=ha]').click();
    expect(await page.locator('h1').textContent()).toContain('Shiga');
    await context.close();
  });
});
