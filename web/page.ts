import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Principal } from '#api/auth/principal.ts';
import type { ApiDeps } from '#api/deps.ts';
import type { Permission } from '#api/people/roles.ts';
import type { ApiEnv } from '#api/route.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { Assets } from './http/assets.ts';
import type { Translator } from './translate.ts';

/** One request for a page, its parameters parsed by the page's own schemas. */
export type PageCall<Params = unknown, Query = unknown, Form = unknown> = {
  deps: ApiDeps;
  /** The person's; on a public page nobody's. */
  principal: Principal;
  params: Params;
  query: Query;
  form: Form;
  t: Translator;
  /** Goes into every form. */
  csrf: string;
  assets: Assets;
  headers: Headers;
  signal: AbortSignal;
  requestId: string;
  log: Logger;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  context: Context<ApiEnv>;
  /** Path and query as asked for. */
  url: URL;
  /** Asked for by a script that wants a part of the page. */
  isFragment: boolean;
};

export type PageSpec<Params extends z.ZodObject, Query extends z.ZodObject, Form extends z.ZodObject> = {
  method: 'GET' | 'POST';
  /** `/calls/{patient}`; also the label of metrics and access log. */
  path: string;
  /** What the person must be allowed; `person` takes everybody who is logged in, `public` everybody. */
  access: Permission | 'person' | 'public';
  params?: Params;
  query?: Query;
  /** Fields of a POST beside the token; `upload` leaves the body to the page. */
  form?: Form | 'upload';
};

export type Page = PageSpec<z.ZodObject, z.ZodObject, z.ZodObject> & {
  handle: (call: PageCall) => Promise<Response>;
};

const NONE = z.strictObject({});
type None = typeof NONE;

export function page<
  Params extends z.ZodObject = None,
  Query extends z.ZodObject = None,
  Form extends z.ZodObject = None,
>(
  spec: PageSpec<Params, Query, Form>,
  handle: (call: PageCall<z.output<Params>, z.output<Query>, z.output<Form>>) => Promise<Response>,
): Page {
  return { ...spec, handle } as unknown as Page;
}
