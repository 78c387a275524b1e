import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { when } from '../output.ts';

const SCOPES = ['submit', 'read', 'audit', 'admin'] as const;
type Scope = (typeof SCOPES)[number];

export type NewKeyOptions = { name: string; scope: string; expires?: string };

export async function list({ client, out }: Context): Promise<void> {
  const { keys } = await (await client()).call((http, fetch) => http.GET('/v1/keys', { fetch }));
  if (out.json) return out.document(keys);
  await out.table(
    ['name', 'begins', 'scopes', 'made', 'expires', 'revoked'],
    keys.map((key) => [
      key.name,
      `${key.prefix}…`,
      key.scopes.join(', '),
      when(key.created_at),
      when(key.expires_at),
      when(key.revoked_at),
    ]),
  );
  return undefined;
}

export async function create(
  { client, out }: Context,
  { name, scope, expires }: NewKeyOptions,
): Promise<void> {
  const made = await (
    await client()
  ).call((http, fetch) =>
    http.POST('/v1/keys', {
      body: {
        name,
        scopes: scopesOf(scope),
        ...(expires === undefined ? {} : { expires_at: endOf(expires) }),
      },
      fetch,
    }),
  );
  if (out.json) return out.document(made);
  out.line(made.key);
  out.say('It is shown this once and cannot be had again.');
  return undefined;
}

export async function revoke({ client, out }: Context, name: string): Promise<void> {
  const revoked = await (
    await client()
  ).call((http, fetch) => http.DELETE('/v1/keys/{name}', { params: { path: { name } }, fetch }));
  if (out.json) return out.document(revoked);
  out.say(`"${name}" is revoked: services refuse it within five seconds.`);
  return undefined;
}

function scopesOf(text: string): Scope[] {
  return text.split(',').map((part) => {
    const known = SCOPES.find((scope) => scope === part.trim());
    if (known === undefined) throw new UsageError(`"${part}" is no scope; there are ${SCOPES.join(', ')}.`);
    return known;
  });
}

function endOf(day: string): string {
  const date = new Date(day);
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(day) || Number.isNaN(date.getTime()))
    throw new UsageError('--expires takes a day such as 2027-01-01.');
  return date.toISOString();
}
