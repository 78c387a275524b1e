import { sql } from 'kysely';
import * as oidc from 'openid-client';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { hashToken } from './token.ts';

const FLOW_MINUTES = 10;
const DISCOVERY_SECONDS = 5;

export type OidcOptions = { issuer: string; clientId: string; clientSecret: string | undefined };

export type ProviderClaims = { subject: string; email: string | undefined; nextPath: string };

/** Log-in at a provider: authorisation code with PKCE, state and nonce. */
export type OidcLogin = {
  /** Where to send the browser, and the state that its cookie must bring back. */
  readonly begin: (redirectUri: string, nextPath: string) => Promise<{ location: string; state: string }>;
  /** Throws `login_failed` for an answer that is not to a question of this browser. */
  readonly end: (currentUrl: URL, state: string | undefined) => Promise<ProviderClaims>;
};

export function createOidcLogin(db: Db, options: OidcOptions): OidcLogin {
  let discovered: Promise<oidc.Configuration> | undefined;
  const configuration = () => {
    discovered ??= oidc.discovery(
      new URL(options.issuer),
      options.clientId,
      undefined,
      options.clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(options.clientSecret),
      {
        timeout: DISCOVERY_SECONDS,
        // A provider without TLS is one on this machine: a test's, or a side-car's.
        execute: isLoopback(options.issuer) ? [oidc.allowInsecureRequests] : [],
      },
    );
    discovered.catch(() => (discovered = undefined));
    return discovered;
  };
  return {
    begin: async (redirectUri, nextPath) => {
      const config = await configuration();
      const [state, nonce, verifier] = [
        oidc.randomState(),
        oidc.randomNonce(),
        oidc.randomPKCECodeVerifier(),
      ];
      await sql`DELETE FROM login_flows WHERE expires_at < now()`.execute(db);
      await db
        .insertInto('login_flows')
        .values({
          state_hash: hashToken(state),
          nonce,
          verifier,
          next_path: nextPath,
          expires_at: sql<Date>`now() + make_interval(mins => ${FLOW_MINUTES})`,
        })
        .execute();
      const location = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid email',
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { location: location.href, state };
    },
    end: async (currentUrl, state) => {
      const flow =
        state === undefined
          ? undefined
          : await db
              .deleteFrom('login_flows')
              .where('state_hash', '=', hashToken(state))
              .where('expires_at', '>', sql<Date>`now()`)
              .returning(['nonce', 'verifier', 'next_path'])
              .executeTakeFirst();
      if (flow === undefined || state === undefined)
        throw new ServiceError(
          'login_failed',
          'This log-in was not begun here, or took too long. Try again.',
        );
      try {
        const tokens = await oidc.authorizationCodeGrant(await configuration(), currentUrl, {
          pkceCodeVerifier: flow.verifier,
          expectedState: state,
          expectedNonce: flow.nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new Error('no id token');
        const isVerified = claims['email_verified'] === true && typeof claims['email'] === 'string';
        return {
          subject: `${claims.iss} ${claims.sub}`,
          email: isVerified ? (claims['email'] as string) : undefined,
          nextPath: flow.next_path,
        };
      } catch (error) {
        throw new ServiceError('login_failed', 'The provider did not vouch for you. Try again.', {
          cause: error,
        });
      }
    },
  };
}

function isLoopback(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}
