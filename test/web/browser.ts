import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { loginLinkPath } from '#dev/demo/demo-people.ts';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import type { Role } from '#shared/db/schema.ts';

export type Visit = {
  context: BrowserContext;
  page: Page;
  /** What the browser complained about: scripts, policies, failed loads. */
  complaints: string[];
};

export type VisitOptions = {
  role?: Role;
  width?: number;
  height?: number;
  dark?: boolean;
  script?: boolean;
  language?: string;
};

/** One Chromium for a file of tests; the pages of each visit share nothing with the others'. */
export class TestBrowser {
  readonly #browser: Browser;
  readonly db: Db;
  readonly url: string;

  private constructor(browser: Browser, db: Db, url: string) {
    this.#browser = browser;
    this.db = db;
    this.url = url;
  }

  static async launch(): Promise<TestBrowser> {
    const { chromium: executablePath, url, databaseUrl } = inject('web');
    const browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    const pool = createPool({
      url: databaseUrl,
      applicationName: 'web-test',
      poolSize: 3,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 30_000,
    });
    return new TestBrowser(browser, createDatabase(pool), url);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.db.destroy();
  }

  /** A fresh browser profile, logged in by a link as somebody of the role. */
  async visit(options: VisitOptions = {}): Promise<Visit> {
    const context = await this.#browser.newContext({
      baseURL: this.url,
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.dark === true ? 'dark' : 'light',
      javaScriptEnabled: options.script ?? true,
      locale: options.language ?? 'en-GB',
      timezoneId: 'Africa/Lagos',
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    if (options.role !== undefined) {
      await page.goto(await this.link(options.role));
      await Promise.all([
        page.waitForURL((at) => !at.pathname.startsWith('/welcome')),
        page.click('main button.primary'),
      ]);
    }
    return { context, page, complaints };
  }

  async link(role: Role): Promise<string> {
    const person = await this.db
      .selectFrom('people')
      .select('id')
      .where('role', '=', role)
      .where('email', 'like', '%@demo.invalid')
      .executeTakeFirstOrThrow();
    return await loginLinkPath(this.db, person.id);
  }
}
