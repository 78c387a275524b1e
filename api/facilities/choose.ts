import type { Principal } from '#api/auth/principal.ts';

/** The one facility of somebody who has no other; undefined where there is a choice. */
export function onlyFacility(principal: Principal): string | undefined {
  return principal.facilities?.size === 1 ? [...principal.facilities][0] : undefined;
}
