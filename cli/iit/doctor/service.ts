import type { Schemas } from '#client/index.ts';
import { chosenProfile, type Context } from '../context.ts';
import { CommandError } from '../exit.ts';
import type { Profile } from '../profiles.ts';
import { clockFinding, codeOf, type Finding, fail, ok, skipped, warn } from './finding.ts';

const TIMEOUT_MS = 10_000;

/** The service of the profile in use: its health, its clock, and what the key may. */
export async function checkService({ flags, profiles }: Context): Promise<Finding[]> {
  let profile: Profile;
  try {
    profile = await chosenProfile(flags, profiles);
  } catch (error) {
    if (error instanceof CommandError) return [skipped('service', error.message)];
    throw error;
  }
  const { url, key } = profile;
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const get = (path: string) => fetch(url + path, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    const askedMs = Date.now();
    const answer = await get('/health');
    const aheadMs = Date.parse(answer.headers.get('date') ?? '') - (askedMs + Date.now()) / 2;
    const health = (await answer.json()) as Schemas['Health'];
    return [
      ...healthFindings(url, health),
      ...(Number.isNaN(aheadMs) ? [] : [clockFinding('service', aheadMs)]),
      await keyFinding(key, get),
    ];
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return [
      fail(
        'service',
        `${url} does not answer (${codeOf(cause ?? error)})`,
        'check that the api runs, and the address of iit login or IIT_API_URL',
      ),
    ];
  }
}

function healthFindings(url: string, { status, version, checks }: Schemas['Health']): Finding[] {
  const detail = `${url} is ${status}${version === undefined ? '' : `, version ${version}`}`;
  const down = (checks ?? []).filter((one) => one.status === 'down');
  return [
    status === 'ok'
      ? ok('service', detail)
      : fail('service', detail, 'docs/runbooks has a page for each alert'),
    ...down.map(({ name, detail }) => fail(`its ${name}`, detail ?? 'down', 'mend this first')),
  ];
}

async function keyFinding(
  key: string | undefined,
  get: (path: string) => Promise<Response>,
): Promise<Finding> {
  if (key === undefined) return skipped('key', 'none is kept: iit login, or IIT_API_KEY');
  const answer = await get('/v1/whoami');
  if (answer.status === 401)
    return fail(
      'key',
      'is refused: unknown, revoked or over',
      'ask for a new one: iit keys create --name … --scope …',
    );
  if (!answer.ok)
    return warn('key', `could not be tried (${answer.status})`, 'try again once the service is well');
  const { actor, scopes } = (await answer.json()) as Schemas['Caller'];
  return ok('key', `is ${actor}’s, for ${scopes.join(', ')}`);
}
