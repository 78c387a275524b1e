import { ServiceError } from '#shared/errors/errors.ts';

/** `path` as it stands in the address: a pattern for objects to read, a folder for parts to write. */
export type Place = { bucket: string; path: string };

const PLACE = /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,62})\/(?<path>[^\s?#][^?#]{0,900})$/u;

/** The bucket and the path of an address that was judged before. */
export function placeOf(uri: string): Place {
  const { bucket = '', path = '' } = PLACE.exec(uri)?.groups ?? {};
  return { bucket, path };
}

/** Throws `invalid_body` naming the field for an address of another form, or one that the tenant may not use. */
export function requirePlace(
  uri: string,
  { field, tenant, allowed }: { field: string; tenant: string; allowed: string },
): Place {
  const place = placeOf(uri);
  const refuse = (message: string) => new ServiceError('invalid_body', `\`${field}\`: ${message}`, { field });
  if (place.bucket === '') throw refuse('Write s3://bucket/folder.');
  if (place.path.split('/').some((part) => part === '.' || part === '..'))
    throw refuse('Leave . and .. away.');
  if (!isAllowed(place, tenant, allowed)) {
    throw refuse('This service may not use that place for your programme: see OBJECT_STORE_ALLOW.');
  }
  return place;
}

/** What stands before the first `*`: every object of a pattern begins with it. */
export function literalPrefix(path: string): string {
  const star = path.indexOf('*');
  return star < 0 ? path : path.slice(0, star);
}

/** Whether a key is one of a pattern's, in which `*` stands for any letters but `/`. Takes pattern × key steps at most. */
export function matchesPattern(path: string, key: string): boolean {
  const parts = key.split('/');
  const patterns = path.split('/');
  return (
    parts.length === patterns.length && patterns.every((pattern, at) => matchesPart(pattern, parts[at]!))
  );
}

/** Takes each `*` as short as it can be; where that fails, only the last one is made longer. */
function matchesPart(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let starEnd = 0;
  for (let i = 0; i < text.length;) {
    if (pattern[at] === '*') {
      star = at++;
      starEnd = i;
    } else if (pattern[at] === text[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++starEnd;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** A folder's path with one slash at its end, whatever it ends in. */
export function folderPath(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return `${path.slice(0, end)}/`;
}

function isAllowed({ bucket, path }: Place, tenant: string, allowed: string): boolean {
  const literal = literalPrefix(path);
  return allowed.split(',').some((entry) => {
    const [who, ...rest] = entry.split('=');
    const [ownBucket, ...folders] = rest.join('=').split('/');
    const folder = folderPath(folders.join('/'));
    return who === tenant && ownBucket === bucket && (folder === '/' || literal.startsWith(folder));
  });
}
