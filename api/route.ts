import { textResponse } from '#api/http/text-response.ts';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Principal } from '#api/auth/principal.ts';
import type { ApiDeps } from '#api/deps.ts';
import type { Permission } from '#api/people/roles.ts';
import type { RateClass, RateState } from '#api/limits/limits.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import type { ErrorCode } from '#shared/errors/errors.ts';
import type { Logger } from '#shared/log/logger.ts';

export type ApiEnv = {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    log: Logger;
    /** The matched route's template. */
    route: string;
    principal?: Principal;
    errorCode?: ErrorCode;
    rate?: RateState;
  };
};

/** One request, its parameters parsed by the route's own schemas. */
export type Call<Params, Query> = {
  deps: ApiDeps;
  /** The key's or the person's; on a public route nobody's (keyId '' and no scopes). */
  principal: Principal;
  params: Params;
  query: Query;
  headers: Headers;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  requestId: string;
  /** Carries the request id. */
  log: Logger;
  /** Node's own request: uploads read it as a stream. */
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  context: Context<ApiEnv>;
};

/** A body of an answer as the OpenAPI document shows it; `schema` undefined for streams of text. */
export type AnswerContent = { type: string; schema?: z.ZodType; example?: string };
export type AnswerSpec = { description: string; content?: AnswerContent[]; headers?: Record<string, string> };

/**
 * Answers a route's plain requests straight on Node's server, past the middleware that serves people and uploads, with the
 * same authentication, limits, parsing, answer and metrics; whatever is not plain goes on to `common` (docs/adr/0015).
 */
export type FastLane = (deps: ApiDeps, common: RequestListener) => RequestListener;

export type RouteSpec<Params extends z.ZodObject, Query extends z.ZodObject> = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** OpenAPI form: `/v1/jobs/{id}`. Also the label of metrics and access log. */
  path: string;
  /** The scope that the key must carry; `any` takes every valid key, `public` needs none. */
  access: ApiScope | 'any' | 'public';
  /** What a person must be allowed, where it is not what the scope stands for. */
  permission?: Permission;
  /** What its requests count as; `requests` by default. */
  rate?: RateClass;
  summary: string;
  description?: string;
  tag: string;
  params?: Params;
  query?: Query;
  /** Request headers worth documenting: name → what it does. */
  requestHeaders?: Record<string, string>;
  requestBody?: { description: string; content: AnswerContent[] };
  answers: Record<number, AnswerSpec>;
  /** Codes beyond those that every route may answer with. */
  errors?: ErrorCode[];
  /** Only where its requests come by the thousand. */
  fastLane?: FastLane;
};

export type Route = RouteSpec<z.ZodObject, z.ZodObject> & {
  handle: (call: Call<unknown, unknown>) => Promise<Response>;
};

const NONE = z.strictObject({});
type None = typeof NONE;

/** Declares a route: the schemas that parse a request are the very ones that the OpenAPI document is made of. */
export function route<Params extends z.ZodObject = None, Query extends z.ZodObject = None>(
  spec: RouteSpec<Params, Query>,
  handle: (call: Call<z.output<Params>, z.output<Query>>) => Promise<Response>,
): Route {
  return { ...spec, handle } as unknown as Route;
}

export function jsonResponse(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return textResponse(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}
