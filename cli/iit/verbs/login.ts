import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { checkedUrl, type Context } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';
import { readSmall } from '../input.ts';
import { profilesFile, requireProfileName, writeProfiles } from '../profiles.ts';

const DEFAULT_NAME = 'default';
const MOST_KEY_BYTES = 1_000;

export type LoginOptions = { url: string };

/** Keeps a profile once its key has opened the service. */
export async function login({ flags, out, profiles, signal }: Context, options: LoginOptions): Promise<void> {
  const name = requireProfileName(flags.profile ?? DEFAULT_NAME);
  const url = checkedUrl(options.url, '--url');
  const key = (process.stdin.isTTY ? await askHidden('API key: ', signal) : await readKey()).trim();
  if (!/^[\w.-]{1,200}$/u.test(key)) throw new CommandError('This is no API key.', EXIT.usage);
  const { IitClient } = await import('#client/index.ts');
  const client = new IitClient({ url, key, signal, retries: { attempts: 2 } });
  const caller = await client.call((http, fetch) => http.GET('/v1/whoami', { fetch }));
  const known = await profiles();
  known.byName.set(name, { url, key });
  known.current = name;
  await writeProfiles(profilesFile(), known);
  if (out.json) return out.document({ profile: name, url, ...caller });
  out.say(
    `Logged in to ${url} as ${caller.actor} (${caller.scopes.join(', ')}); profile "${name}" is in use.`,
  );
  return undefined;
}

async function readKey(): Promise<string> {
  return (await readSmall('-', MOST_KEY_BYTES)).toString('utf8');
}

/** Asks at the terminal; what is typed is not shown. */
async function askHidden(question: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_part, _encoding, done) => done() });
  const asking = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await asking.question('', { signal });
  } finally {
    asking.close();
    process.stderr.write('\n');
  }
}

export async function logout({ flags, out, profiles }: Context): Promise<void> {
  const known = await profiles();
  const name = flags.profile ?? known.current;
  const profile = name === undefined ? undefined : known.byName.get(name);
  if (name === undefined || profile?.key === undefined) {
    out.say('There is no key to forget.');
    return;
  }
  known.byName.set(name, { url: profile.url });
  await writeProfiles(profilesFile(), known);
  out.say(`The key of "${name}" is forgotten here. iit keys revoke ends it for everybody.`);
}

export async function whoami({ client, out }: Context): Promise<void> {
  const api = await client();
  const caller = await api.call((http, fetch) => http.GET('/v1/whoami', { fetch }));
  if (out.json) return out.document({ url: api.url, ...caller });
  out.facts([
    ['service', api.url],
    ['who', caller.actor],
    ['tenant', caller.tenant],
    ['may', caller.scopes.join(', ') || undefined],
    ['role', caller.role ?? undefined],
  ]);
  return undefined;
}

export async function listProfiles({ out, profiles }: Context): Promise<void> {
  const { byName, current } = await profiles();
  const all = [...byName].map(([name, { url, key }]) => ({
    name,
    url,
    in_use: name === current,
    has_key: key !== undefined,
  }));
  if (out.json) return out.document(all);
  if (all.length === 0) out.say('There are no profiles; iit login --url URL makes one.');
  await out.table(
    ['profile', 'service', 'in use', 'key'],
    all.map((one) => [one.name, one.url, one.in_use ? 'yes' : '', one.has_key ? 'kept' : 'none']),
  );
  return undefined;
}

export async function useProfile({ out, profiles }: Context, name: string): Promise<void> {
  const known = await profiles();
  if (!known.byName.has(name)) throw new CommandError(`There is no profile "${name}".`, EXIT.usage);
  known.current = name;
  await writeProfiles(profilesFile(), known);
  out.say(`"${name}" is in use.`);
}

export async function removeProfile({ out, profiles }: Context, name: string): Promise<void> {
  const known = await profiles();
  if (!known.byName.delete(name)) throw new CommandError(`There is no profile "${name}".`, EXIT.usage);
  if (known.current === name) known.current = [...known.byName.keys()][0];
  await writeProfiles(profilesFile(), known);
  out.say(`"${name}" is removed.`);
}
