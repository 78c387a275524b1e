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

/** Whether a key is one of a pattern's, in which `*` stands for any letters but `/`. */
export function matchesPattern(path: string, key: string): boolean {
  const parts = path.split('*').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/gu, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`, 'u').test(key);
}

function isAllowed({ bucket, path }: Place, tenant: string, allowed: string): boolean {
  const literal = literalPrefix(path);
  return allowed.split(',').some((entry) => {
    const [who, ...rest] = entry.split('=');
    const [ownBucket, ...folders] = rest.join('=').split('/');
    const folder = folders.join('/').replace(/\/*$/u, '');
    return who === tenant && ownBucket === bucket && (folder === '' || literal.startsWith(`${folder}/`));
  });
}
