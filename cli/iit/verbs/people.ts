import type { IitClient, Schemas } from '#client/index.ts';
import type { Context } from '../context.ts';
import { CommandError, UsageError } from '../exit.ts';
import { when } from '../output.ts';

type Role = Schemas['Person']['role'];

export type InviteOptions = {
  email: string;
  name: string;
  role: Role;
  area: string;
  language: 'en' | 'fr' | 'ha';
};
export type ChangeOptions = { role?: Role; area?: string; disable?: true; enable?: true };

export async function list({ client, out }: Context): Promise<void> {
  const people = await everybody(await client());
  if (out.json) return out.document(people);
  await out.table(
    ['name', 'e-mail', 'role', 'areas', 'last log-in', 'shut out'],
    people.map((one) => [
      one.name,
      one.email,
      one.role,
      one.areas.join(', ') || '–',
      when(one.last_login_at),
      when(one.disabled_at),
    ]),
  );
  return undefined;
}

export async function invite({ client, out }: Context, options: InviteOptions): Promise<void> {
  const { area, ...person } = options;
  const api = await client();
  const made = await api.call((http, fetch) =>
    http.POST('/v1/people', { body: { ...person, areas: areasOf(area) }, fetch }),
  );
  const link = `${api.url}${made.link}`;
  if (out.json) return out.document({ id: made.id, link });
  out.line(link);
  out.say('The link works once, within three days: hand it on by a way that only this person reads.');
  return undefined;
}

export async function change({ client, out }: Context, email: string, options: ChangeOptions): Promise<void> {
  const { role, area, disable, enable } = options;
  if (disable && enable) throw new UsageError('--disable and --enable exclude each other.');
  if (role === undefined && area === undefined && !disable && !enable)
    throw new UsageError('Say what changes: --role, --area, --disable or --enable.');
  const api = await client();
  const person = (await everybody(api)).find((one) => one.email === email.toLowerCase());
  if (person === undefined) throw new CommandError('Nobody has this address; iit people ls lists them.');
  const changed = await api.call(
    (http, fetch) =>
      http.PUT('/v1/people/{id}', {
        params: { path: { id: person.id } },
        body: {
          ...(role === undefined ? {} : { role }),
          ...(area === undefined ? {} : { areas: areasOf(area) }),
          ...(disable || enable ? { disabled: disable === true } : {}),
        },
        fetch,
      }),
    { isRepeatable: true },
  );
  if (out.json) return out.document(changed);
  out.say(`${changed.name} is ${changed.role}${changed.disabled_at === null ? '' : ', shut out'}.`);
  return undefined;
}

async function everybody(api: IitClient): Promise<Schemas['Person'][]> {
  return (await api.call((http, fetch) => http.GET('/v1/people', { fetch }))).people;
}

function areasOf(text: string): string[] {
  return text
    .split(',')
    .map((area) => area.trim())
    .filter((area) => area !== '');
}
