import type { Principal } from './principal.ts';

/** Finds out who calls. */
export type Authenticator = {
  /** The key's principal; undefined where the key is unknown, wrong, expired or revoked. */
  authenticate: (presentedKey: string) => Promise<Principal | undefined>;
};
