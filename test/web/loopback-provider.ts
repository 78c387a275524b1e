import { createServer } from 'node:http';
import Provider, { type Context } from 'oidc-provider';

export type Account = { email: string; isVerified: boolean };

/** A provider on this machine that vouches, without asking, for whoever `account` is at the time. */
export type LoopbackProvider = AsyncDisposable & { account: Account };

export async function startLoopbackProvider(options: {
  port: number;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  account: Account;
}): Promise<LoopbackProvider> {
  const held = { account: options.account };
  const provider = new Provider(`http://127.0.0.1:${options.port}`, {
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        redirect_uris: [options.redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: () => '/vouch' },
    cookies: { keys: ['of this test'] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: held.account.email, email_verified: held.account.isVerified }),
    }),
    loadExistingGrant: async (context: Context) => {
      const { provider, client, session } = context.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session?.accountId });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/vouch')
      void provider.interactionFinished(incoming, outgoing, { login: { accountId: held.account.email } });
    else answer(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', () => resolve()));
  return Object.assign(held, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
