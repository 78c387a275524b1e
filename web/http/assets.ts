import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Hono } from 'hono';
import type { ApiEnv } from '#api/route.ts';

/** Addresses of the files that pages load; each holds its content's hash, so that browsers keep it for good. */
export type Assets = {
  readonly css: string;
  readonly htmx: string;
  readonly script: string;
  readonly icon: string;
};

type Asset = { url: string; type: string; plain: Buffer; gzip: Buffer };

/** Reads the files once and serves them. */
export function mountAssets(app: Hono<ApiEnv>): Assets {
  const own = (name: string) => readFileSync(path.join(import.meta.dirname, '..', 'assets', name));
  const htmx = readFileSync(createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js'));
  const css = assetOf('app.css', 'text/css; charset=utf-8', Buffer.from(smallCss(own('app.css').toString())));
  const script = assetOf('app.js', 'text/javascript; charset=utf-8', own('app.js'));
  const library = assetOf('htmx.js', 'text/javascript; charset=utf-8', htmx);
  const icon = assetOf('icon.svg', 'image/svg+xml', own('icon.svg'));
  for (const asset of [css, script, library, icon]) {
    app.get(asset.url, (c) => {
      c.set('route', '/assets/{file}');
      const takesGzip = /\bgzip\b/u.test(c.env.incoming.headers['accept-encoding'] ?? '');
      return new Response(Uint8Array.from(takesGzip ? asset.gzip : asset.plain), {
        headers: {
          'content-type': asset.type,
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'accept-encoding',
          ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
        },
      });
    });
  }
  return { css: css.url, script: script.url, htmx: library.url, icon: icon.url };
}

function assetOf(name: string, type: string, plain: Buffer): Asset {
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 10);
  return { url: `/assets/${hash}/${name}`, type, plain, gzip: gzipSync(plain, { level: 9 }) };
}

/** Without the layout that makes the file readable. */
function smallCss(css: string): string {
  return css
    .replaceAll(/\s*\n\s*/gu, ' ')
    .replaceAll(/ ?([{};,]) ?/gu, '$1')
    .replaceAll(': ', ':')
    .replaceAll(';}', '}');
}
