import type { ApiScope } from '#shared/db/schema.ts';

/** Who calls: one API key. */
export type Principal = {
  /** api_keys.id */
  keyId: string;
  /** The key's name: what audit rows and jobs carry as `actor`. */
  actor: string;
  tenantId: number;
  tenant: string;
  scopes: ReadonlySet<ApiScope>;
};
