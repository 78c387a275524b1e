import { clearedSessionCookie, sessionToken } from '#api/people/session-cookie.ts';
import { seeOther } from '../../http/answers.ts';
import { homeOf } from '../../layout.ts';
import { page } from '../../page.ts';
import { auditLogin } from './login-audit.ts';

export const logoutPost = page({ method: 'POST', path: '/logout', access: 'person' }, async (call) => {
  const { deps, principal } = call;
  const token = sessionToken(call.incoming.headers);
  if (token !== undefined) {
    await deps.db.transaction().execute(async (trx) => {
      await deps.sessions.end(trx, token);
      const who = { tenantId: principal.tenantId, email: principal.actor, keyId: principal.keyId };
      await auditLogin(call, trx, { action: 'auth.logout', outcome: 'success', method: 'page', who });
    });
  }
  return seeOther('/login', { 'set-cookie': clearedSessionCookie(), 'clear-site-data': '"cache"' });
});

export const home = page({ method: 'GET', path: '/', access: 'person' }, async (call) =>
  seeOther(homeOf(call)),
);
