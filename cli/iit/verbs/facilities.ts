import type { Context } from '../context.ts';
import { readSmall } from '../input.ts';
import { when, zoneName } from '../output.ts';

const MOST_BYTES = 4 * 1024 ** 2;

export async function list(
  { client, out }: Context,
  { state, lga, search }: { state?: string; lga?: string; search?: string },
): Promise<void> {
  const query = {
    ...(state === undefined ? {} : { state }),
    ...(lga === undefined ? {} : { lga }),
    ...(search === undefined ? {} : { search }),
  };
  const { facilities } = await (
    await client()
  ).call((http, fetch) => http.GET('/v1/facilities', { params: { query }, fetch }));
  if (out.json) return out.document(facilities);
  if (facilities.length === 0) out.say('There are no such facilities.');
  await out.table(
    ['id', 'name', 'lga', 'state', 'patients', 'high', 'medium', `list of (${zoneName()})`],
    facilities.map((one) => [
      one.id,
      one.name,
      one.lga,
      one.state,
      one.patients,
      one.tiers.high,
      one.tiers.medium,
      one.list_finished_at === null ? 'no list yet' : when(one.list_finished_at),
    ]),
  );
  return undefined;
}

export async function put({ client, out }: Context, file: string): Promise<void> {
  const register = (await readSmall(file, MOST_BYTES)).toString('utf8');
  const answer = await (
    await client()
  ).call(
    (http, fetch) =>
      http.PUT('/v1/facilities', {
        body: register,
        bodySerializer: (text) => text,
        headers: { 'content-type': 'text/csv' },
        fetch,
      }),
    { isRepeatable: true },
  );
  if (out.json) return out.document(answer);
  out.say(`${answer.facilities} facilities of the register are taken over.`);
  return undefined;
}
