import type { Route } from '#api/route.ts';

/** Every route of the service, in the order of the OpenAPI document. */
export const ROUTES: readonly Route[] = [];
