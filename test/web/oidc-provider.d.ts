/** As much of the package, which comes without types, as the test's provider uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  type Context = {
    oidc: {
      provider: Provider;
      session?: { accountId?: string };
      client: { clientId: string };
    };
  };
  type Grant = { addOIDCScope: (scope: string) => void; save: () => Promise<string> };

  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    callback(): (incoming: IncomingMessage, outgoing: ServerResponse) => void;
    interactionFinished(
      incoming: IncomingMessage,
      outgoing: ServerResponse,
      result: { login: { accountId: string } },
    ): Promise<void>;
    readonly Grant: new (of: { clientId: string; accountId: string | undefined }) => Grant;
  }
  export type { Context };
}
