import type { IitClient } from '#client/index.ts';
import { optional } from '../run-command.ts';
import { EXIT, CommandError } from './exit.ts';
import { Output } from './output.ts';
import { type Profile, type Profiles, profilesFile, readProfiles } from './profiles.ts';

/** What every verb takes. */
export type GlobalFlags = {
  json: boolean;
  quiet: boolean;
  color: boolean;
  debug: boolean;
  profile?: string;
};

/** What a verb works with. */
export type Context = {
  flags: GlobalFlags;
  out: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** @throws CommandError where it is not known which service is meant. */
  client: () => Promise<IitClient>;
  profiles: () => Promise<Profiles>;
};

const RETRY_WORDS = 'trying again';

export function createContext(flags: GlobalFlags, signal: AbortSignal): Context {
  const out = new Output(flags);
  const profiles = () => readProfiles(profilesFile(), (text) => out.warn(text));
  return {
    flags,
    out,
    signal,
    profiles,
    client: async () => {
      const { url, key } = await chosenProfile(flags, profiles);
      const { IitClient } = await import('#client/index.ts');
      return new IitClient({
        url,
        key,
        signal,
        retries: {
          onRetry: (reason, delayMs) =>
            out.say(`${reason.message}; ${RETRY_WORDS} in ${(delayMs / 1_000).toFixed(1)} s`),
        },
      });
    },
  };
}

/** `--profile` before the environment, the environment before the profile in use. */
export async function chosenProfile(
  flags: Pick<GlobalFlags, 'profile'>,
  read: () => Promise<Profiles>,
): Promise<Profile> {
  const named = flags.profile ?? optional('IIT_PROFILE');
  const url = named === undefined ? optional('IIT_API_URL') : undefined;
  if (url !== undefined) {
    const key = optional('IIT_API_KEY');
    return withCheckedKey({ url: checkedUrl(url, 'IIT_API_URL'), ...(key === undefined ? {} : { key }) });
  }
  const { byName, current } = await read();
  const name = named ?? current;
  if (name === undefined) {
    throw new CommandError(
      'It is not known which service is meant: log in with `iit login --url URL`, or set IIT_API_URL and IIT_API_KEY.',
      EXIT.usage,
    );
  }
  const profile = byName.get(name);
  if (profile === undefined) {
    const known = [...byName.keys()].join(', ') || 'none yet';
    throw new CommandError(
      `There is no profile "${name}" (${known}); iit login --profile ${name} makes it.`,
      EXIT.usage,
    );
  }
  return withCheckedKey(profile);
}

/** @throws CommandError on what is no http address. */
export function checkedUrl(text: string, place: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new CommandError(`${place} is no address: write https://iit.example.org.`, EXIT.usage);
  return url.href.replace(/\/$/u, '');
}

/** `fetch` would print a value that is no header. */
function withCheckedKey(profile: Profile): Profile {
  if (profile.key !== undefined && !/^[\w.-]{1,200}$/u.test(profile.key))
    throw new CommandError(
      'The API key has characters that no key has; iit login stores it anew.',
      EXIT.usage,
    );
  return profile;
}
