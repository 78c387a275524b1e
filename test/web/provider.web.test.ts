import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { freePort } from '#dev/local-services/free-port.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { type LoopbackProvider, startLoopbackProvider } from './loopback-provider.ts';

const CLIENT = { clientId: 'iit', clientSecret: 'a secret of this test alone' };
const INVITED = 'ngozi@demo.invalid';

let api: ServiceProcess;
let provider: LoopbackProvider;

beforeAll(async () => {
  const { databaseUrl } = inject('web');
  const port = await freePort();
  api = await startService({
    service: 'api',
    databaseUrl,
    queueUrl: databaseUrl,
    env: {
      OIDC_ISSUER: `http://127.0.0.1:${port}`,
      OIDC_CLIENT_ID: CLIENT.clientId,
      OIDC_CLIENT_SECRET: CLIENT.clientSecret,
    },
  });
  provider = await startLoopbackProvider({
    port,
    ...CLIENT,
    redirectUri: `${api.url}/login/callback`,
    account: { email: INVITED, isVerified: true },
  });
});
afterAll(async () => {
  await api.stop();
  await provider[Symbol.asyncDispose]();
});

/** A browser's cookies and where it has come to, over two hosts. */
class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly visited: string[] = [];

  async open(address: string): Promise<Response> {
    const { origin } = new URL(address);
    const cookie = [...this.#cookies]
      .filter(([name]) => name.startsWith(origin))
      .map(([name, value]) => `${name.slice(origin.length + 1)}=${value}`)
      .join('; ');
    const answer = await fetch(address, { redirect: 'manual', headers: { cookie, accept: 'text/html' } });
    this.visited.push(address);
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(line) ?? [];
      this.#cookies.set(`${origin} ${name}`, value);
    }
    return answer;
  }

  /** Follows redirects to the first page. */
  async follow(address: string): Promise<Response> {
    for (let hops = 0, at = address; hops < 10; hops++) {
      const answer = await this.open(at);
      const location = answer.headers.get('location');
      if (location === null) return answer;
      at = new URL(location, at).href;
    }
    throw new Error('too many redirects');
  }
}

test('a person whom the provider vouches for comes in by the log-in page’s own link, to where they wanted', async () => {
  provider.account = { email: INVITED, isVerified: true };
  const visitor = new Visitor();
  const login = await (await visitor.open(`${api.url}/login?next=%2Fsettings`)).text();
  const link = /href="(\/login\/provider[^"]*)"/u.exec(login)?.[1] ?? '';
  const page = await visitor.follow(api.url + link.replaceAll('&amp;', '&'));
  expect(page.status).toBe(200);
  expect(visitor.visited.at(-1)).toBe(`${api.url}/settings`);
  expect(await page.text()).toContain('Ngozi Eze');
  const asked = new URL(visitor.visited.find((address) => address.includes('/auth?'))!).searchParams;
  expect(asked.get('code_challenge_method')).toBe('S256');
  expect(asked.get('nonce')).toHaveLength(43);
});

test('an answer of the provider opens one session, in the browser that asked', async () => {
  const visitor = new Visitor();
  await visitor.follow(`${api.url}/login/provider`);
  const callback = visitor.visited.find((address) => address.includes('/login/callback?'))!;
  expect((await visitor.open(callback)).status).toBe(401);
  expect((await new Visitor().open(callback)).status).toBe(401);
});

test.each([
  ['whom nobody invited', { email: 'stranger@example.org', isVerified: true }],
  ['whose address the provider has not verified', { email: 'musa@demo.invalid', isVerified: false }],
])('somebody %s stays outside, and that is in the log', async (_whom, account) => {
  provider.account = account;
  const visitor = new Visitor();
  expect((await visitor.follow(`${api.url}/login/provider`)).status).toBe(401);
  expect((await visitor.open(`${api.url}/calls`)).headers.get('location')).toBe('/login?next=%2Fcalls');
  const { key } = inject('web');
  const answer = await fetch(`${api.url}/v1/audit/events?action=auth.login&outcome=failure&limit=100`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { events } = (await answer.json()) as { events: { action: string; details: object }[] };
  expect(events.some(({ details }) => JSON.stringify(details).includes('oidc'))).toBe(true);
});
