import type { Call } from '#api/route.ts';
import type { PageCall } from '../page.ts';

/** A page's request as the API's own route takes it: what a page does is what the call does, audit and all. */
export function apiCall<Params, Query>(call: PageCall, params: Params, query: Query): Call<Params, Query> {
  return {
    deps: call.deps,
    principal: call.principal,
    params,
    query,
    headers: call.headers,
    signal: call.signal,
    requestId: call.requestId,
    log: call.log,
    incoming: call.incoming,
    outgoing: call.outgoing,
    context: call.context,
  };
}
