import { createKey } from '#api/auth/keys.ts';
import { startApi } from '#api/server.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { loadConfig } from '#shared/config/config.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { createLogger, type Logger } from '#shared/log/logger.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

type CallOptions = {
  method?: string;
  key?: string;
  headers?: Record<string, string>;
  body?: RequestInit['body'];
};

/** The real api on a port of its own over a database of its own; the queue lives in the same PostgreSQL. */
export type TestApi = AsyncDisposable & {
  readonly url: string;
  readonly database: TestDatabase;
  /** A new key with these scopes, of the tenant `default` unless another is named. */
  readonly key: (scopes: readonly ApiScope[], tenant?: string) => Promise<string>;
  readonly call: (path: string, options?: CallOptions) => Promise<Response>;
  /** `call` with the key of all scopes, its JSON read; fails on any other status than `status`. */
  readonly json: (
    path: string,
    options?: CallOptions & { status?: number },
  ) => Promise<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
};

/** `log` takes the api's log; without it nothing is logged. */
export async function startTestApi(
  environment: Record<string, string> = {},
  log: Logger = createLogger('test', 'silent'),
): Promise<TestApi> {
  const database = await createTestDatabase();
  const config = loadConfig({
    DATABASE_URL: database.url,
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_POOL_SIZE: '4',
    ...environment,
  });
  const api = await startApi({ config, log, clock: systemClock });
  const url = `http://127.0.0.1:${api.port}`;
  let keys = 0;
  const key: TestApi['key'] = async (scopes, tenant = 'default') => {
    await database.db
      .insertInto('tenants')
      .values({ name: tenant })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const manager = { db: database.db, recordEvent, operator: 'test' };
    const made = await createKey(manager, { tenant, name: `key-${++keys}`, scopes, expiresAt: undefined });
    return made.key;
  };
  const call: TestApi['call'] = async (path, options = {}) =>
    await fetch(`${url}${path}`, {
      method: options.method ?? 'GET',
      headers: {
        ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: options.body, duplex: 'half' }),
    });
  let master: string | undefined;
  const json: TestApi['json'] = async (path, { status = 200, ...options } = {}) => {
    master ??= await key(['submit', 'read', 'audit', 'admin']);
    const answer = await call(path, { key: master, ...options });
    const body = await answer.text();
    if (answer.status !== status) throw new Error(`${path} answered ${answer.status}: ${body}`);
    return JSON.parse(body) as Record<string, unknown>;
  };
  const stop = async () => {
    await api.stop();
    await database.drop();
  };
  return { url, database, key, call, json, stop, [Symbol.asyncDispose]: stop };
}
