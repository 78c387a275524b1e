import { readFile } from 'node:fs/promises';
import path from 'node:path';

const MANIFEST = 'models/iit_lightgbm_model.manifest.json';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * The shipped model's manifest as a tree of before takes it: without the fields that its own shipped manifest does not have, which it
 * would refuse. Trees, features, cut-offs and golden rows are the same.
 */
export async function manifestFor(ours: string, theirs: string): Promise<string> {
  const [own, known] = await Promise.all(
    [ours, theirs].map(async (tree) => JSON.parse(await readFile(path.join(tree, MANIFEST), 'utf8')) as Json),
  );
  return JSON.stringify(reduced(own ?? null, known ?? null));
}

function reduced(own: Json, known: Json): Json {
  if (Array.isArray(own) && Array.isArray(known)) {
    const whole = merged(known);
    return own.map((item) => reduced(item, whole));
  }
  if (!isObject(own) || !isObject(known)) return own;
  // A map from names (of features, of drift) has keys of its own on each side.
  const isMap = Object.keys(own).every((key) => !(key in known));
  const some = Object.values(known)[0] ?? null;
  return Object.fromEntries(
    Object.entries(own).flatMap(([key, value]) => {
      if (isMap) return [[key, reduced(value, some)]];
      return key in known ? [[key, reduced(value, known[key] ?? null)]] : [];
    }),
  );
}

/** An object with every key that some item has. */
function merged(items: readonly Json[]): Json {
  return items.reduce<Json>(
    (all, item) => (isObject(item) ? { ...(isObject(all) ? all : {}), ...item } : item),
    null,
  );
}

function isObject(value: Json): value is { [key: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
