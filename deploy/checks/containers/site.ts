import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { freePort } from '#dev/local-services/free-port.ts';
import { writeComposeSecrets } from '../write-secrets.ts';
import type { Engine } from './engine.ts';
import type { Finished } from './run.ts';
import { run } from './run.ts';
import { NOT_STARTED } from './images.ts';

const OPTIONS = ['--env-file', '.env', '-f', 'docker/compose.prod.yaml'];

type Answer = { status: number; body: string };
type Call = {
  method?: string;
  key?: string | undefined;
  type?: string;
  body?: string | Readable;
  headers?: Record<string, string>;
};

/** A state office: a folder as the guide makes it, docker/compose.prod.yaml up in it, and a client outside its proxy. */
export type Site = AsyncDisposable & {
  readonly folder: string;
  compose(args: readonly string[], timeoutMs?: number): Promise<Finished>;
  up(): Promise<void>;
  /** Changes lines of its `.env`. */
  set(values: Readonly<Record<string, string>>): Promise<void>;
  /** Runs docker/roll-out.sh. */
  rollOut(): Promise<Finished>;
  /** A name such as `worker` to the ids of its containers. */
  containers(service: string): Promise<string[]>;
  /** Through the proxy, over TLS, its authority checked. */
  call(path: string, call?: Call): Promise<Answer>;
  json(path: string, call?: Call): Promise<Record<string, unknown>>;
  /** The single value of a query, asked inside the container of PostgreSQL. */
  sql(query: string, database?: string): Promise<string>;
};

export async function openSite(engine: Engine, values: Readonly<Record<string, string>>): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'iit-site-'));
  const filter = (source: string) => !source.includes('docker/secrets/');
  await cp('docker', join(folder, 'docker'), { recursive: true, filter });
  await cp('monitoring', join(folder, 'monitoring'), { recursive: true });
  await cp('.env.example', join(folder, '.env'));
  await writeComposeSecrets(join(folder, 'docker', 'secrets'));
  const port = await freePort();
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let authority: string | undefined;

  const compose = (args: readonly string[], timeoutMs = 300_000) =>
    engine.docker(['compose', ...OPTIONS, ...args], { cwd: folder, timeoutMs });
  const set = async (changed: Readonly<Record<string, string>>) => {
    const file = join(folder, '.env');
    let lines = await readFile(file, 'utf8');
    for (const [name, value] of Object.entries(changed)) {
      const line = new RegExp(`^${name}=.*$`, 'mu');
      if (!line.test(lines)) throw new Error(`.env has no line ${name}.`);
      lines = lines.replace(line, `${name}=${value}`);
    }
    await writeFile(file, lines);
  };
  await set({ ...values, IIT_HTTP_PORT: String(await freePort()), IIT_HTTPS_PORT: String(port) });

  const call = async (
    path: string,
    { method = 'GET', key, type, body, headers = {} }: Call = {},
  ): Promise<Answer> => {
    authority ??= (
      await compose(['exec', '-T', 'proxy', 'cat', '/data/caddy/pki/authorities/local/root.crt'])
    ).stdout;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        path,
        method,
        agent,
        ca: authority,
        headers: {
          host: `localhost:${port}`,
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(type === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        timeout: 120_000,
      },
      (answer) => {
        text(answer).then((read) => resolve({ status: answer.statusCode ?? 0, body: read }), reject);
      },
    );
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`${path} does not answer`)));
    if (body === undefined || typeof body === 'string') sent.end(body);
    else pipeline(body, sent).catch(reject);
    return await promise;
  };

  return {
    folder,
    compose,
    set,
    call,
    up: async () => void (await compose(['up', '--detach', '--scale', `${NOT_STARTED}=0`])),
    rollOut: () =>
      run('sh', ['docker/roll-out.sh'], {
        cwd: folder,
        environment: { ...engine.environment, ROLL_OUT_SECONDS: '600' },
        timeoutMs: 600_000,
      }),
    containers: async (service) => (await compose(['ps', '--quiet', service])).stdout.trim().split('\n'),
    async json(path, options) {
      const { status, body } = await call(path, options);
      if (status >= 300) throw new Error(`${path} answers ${status}: ${body.slice(0, 500)}`);
      return JSON.parse(body) as Record<string, unknown>;
    },
    async sql(query, database = 'iit') {
      const psql = [
        'exec',
        '-T',
        'postgres',
        'psql',
        '-U',
        'iit_owner',
        '-d',
        database,
        '-qtAX',
        '-v',
        'ON_ERROR_STOP=1',
      ];
      return (await compose([...psql, '-c', query])).stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await compose([
        '--profile',
        'maintenance',
        'down',
        '--volumes',
        '--remove-orphans',
        '--timeout',
        '20',
      ]).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
