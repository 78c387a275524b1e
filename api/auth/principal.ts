import { type Permission, PERMISSION_SCOPES, ROLE_PERMISSIONS } from '#api/people/roles.ts';
import type { ApiScope, Language, Role } from '#shared/db/schema.ts';

/** A person behind a session. */
export type Person = {
  id: string;
  email: string;
  name: string;
  role: Role;
  language: Language;
  /** IANA name. */
  timeZone: string;
};

/** Who calls: a machine by its API key, or a person by a session. */
export type Principal = {
  /** api_keys.id; a person has one too, which opens nothing. */
  keyId: string;
  /** The key's name, or the person's e-mail address: what audit rows and jobs carry as `actor`. */
  actor: string;
  tenantId: number;
  tenant: string;
  /** A key's; empty for people. */
  scopes: ReadonlySet<ApiScope>;
  person?: Person;
  /** Facilities whose patients may be seen; undefined: every one of the tenant. */
  facilities?: ReadonlySet<string>;
};

/** The one rule: a person may what the role allows, a key what its scopes stand for. */
export function may(principal: Principal, permission: Permission): boolean {
  return principal.person === undefined
    ? principal.scopes.has(PERMISSION_SCOPES[permission])
    : ROLE_PERMISSIONS[principal.person.role].has(permission);
}

/** Whether patients of this facility may be seen; rows without one belong to those who see all. */
export function maySeeFacility(principal: Principal, facilityId: string | undefined): boolean {
  const { facilities } = principal;
  return facilities === undefined || (facilityId !== undefined && facilities.has(facilityId));
}
