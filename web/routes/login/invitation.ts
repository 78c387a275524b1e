import { hkdfSync } from 'node:crypto';
import { html, raw } from 'hono/html';
import { renderSVG } from 'uqr';
import { z } from 'zod';
import { setCredentials } from '#api/people/login.ts';
import { hashPassword, PASSWORD_MAX, PASSWORD_MIN } from '#api/people/password.ts';
import { findInvitation, type FoundInvitation, useInvitation } from '#api/people/people.ts';
import { sessionCookie } from '#api/people/session-cookie.ts';
import { base32, TOTP_SECRET_BYTES, totpStep, totpUri } from '#api/people/totp.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Markup, seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { page, type PageCall } from '../../page.ts';
import { auditLogin } from './login-audit.ts';
import { brand, languages } from './login.ts';

const params = z.object({ token: z.string().regex(/^[\w-]{43}$/u) });

/**
 * A link that was sent to one person. GET shows what it is for and uses nothing up, since mail programs open links before
 * people do; POST uses it.
 */
export const invitationPage = page(
  { method: 'GET', path: '/welcome/{token}', access: 'public', params },
  async (call) => {
    const found = await findInvitation(call.deps.db, call.params.token);
    if (found === undefined) return await usedUp(call);
    return found.purpose === 'login'
      ? await loginLink(call, found)
      : await choose(call, found, call.params.token);
  },
);

export const invitationPost = page(
  {
    method: 'POST',
    path: '/welcome/{token}',
    access: 'public',
    params,
    form: z.object({ password: z.string().optional(), code: z.string().max(20).default('') }),
  },
  async (call) => {
    const { deps, form, params } = call;
    const found = await findInvitation(deps.db, params.token);
    if (found === undefined) return await usedUp(call);
    let credentials: Parameters<typeof setCredentials>[2] | undefined;
    if (found.purpose === 'invitation') {
      const password = form.password ?? '';
      const secret = secretOf(params.token);
      const step = totpStep(secret, form.code, deps.clock.nowMs(), 0);
      const fault =
        password.length < PASSWORD_MIN || password.length > PASSWORD_MAX
          ? call.t('welcome.password_short', { count: PASSWORD_MIN })
          : step === undefined
            ? call.t('welcome.code_wrong')
            : undefined;
      if (fault !== undefined || step === undefined) return await choose(call, found, params.token, fault);
      credentials = {
        passwordHash: await hashPassword(password),
        totpSecret: deps.secrets.close(secret),
        totpStep: step,
      };
    }
    const token = await deps.db.transaction().execute(async (trx) => {
      const used = await useInvitation(trx, params.token);
      if (used === undefined) throw new ServiceError('not_found', call.t('welcome.used'));
      if (credentials !== undefined) await setCredentials(trx, used.personId, credentials);
      const method = used.purpose === 'login' ? 'link' : 'password';
      const opened = await deps.sessions.open(trx, used.personId, method);
      await auditLogin(call, trx, { action: 'auth.login', outcome: 'success', method, who: used });
      return opened;
    });
    return seeOther('/', { 'set-cookie': sessionCookie(token) });
  },
);

/** The second factor's secret lies in the link: nothing has to be kept between showing and confirming it. */
function secretOf(token: string): Buffer {
  return Buffer.from(
    hkdfSync('sha256', token, '', 'iit-ml-service totp of an invitation', TOTP_SECRET_BYTES),
  );
}

async function usedUp(call: PageCall): Promise<Response> {
  const { t } = call;
  return await pageAnswer(call, {
    title: t('welcome.used'),
    status: 404,
    body: html`<p>${t('welcome.used_help')}</p>
      <p><a class="button" href="/login">${t('login.title')}</a></p>`,
  });
}

async function loginLink(call: PageCall, found: FoundInvitation): Promise<Response> {
  const { t } = call;
  return await pageAnswer(call, {
    title: t('welcome.login_title'),
    heading: html`${brand(call)}${t('welcome.login_title')}`,
    body: html`<p>${t('welcome.login_as', { name: found.name, email: found.email })}</p>
      <p class="mute">${t('welcome.once')}</p>
      <form method="post"><button class="primary">${t('login.submit')}</button></form>
      ${languages(call)}`,
  });
}

async function choose(
  call: PageCall,
  found: FoundInvitation,
  token: string,
  fault?: string,
): Promise<Response> {
  const { t } = call;
  const secret = secretOf(token);
  const square: Markup = raw(
    renderSVG(totpUri(secret, found.email)).replace('<svg ', `<svg class="qr" role="img" aria-label="QR" `),
  );
  return await pageAnswer(call, {
    title: t('welcome.title', { name: found.name }),
    heading: html`${brand(call)}${t('welcome.title', { name: found.name })}`,
    status: fault === undefined ? 200 : 400,
    body: html`${fault === undefined ? '' : html`<p class="banner bad" role="alert">${fault}</p>`}
      <form class="stack" method="post">
        <input type="hidden" name="username" autocomplete="username" value="${found.email}" />
        <label
          >${t('welcome.password')}<input
            name="password"
            type="password"
            autocomplete="new-password"
            minlength="${PASSWORD_MIN}"
            maxlength="${PASSWORD_MAX}"
            required
          /><small>${t('welcome.password_help', { count: PASSWORD_MIN })}</small></label
        >
        <div class="field">
          <span>${t('welcome.scan')}</span>${square}<small
            >${t('welcome.by_hand')} <code>${base32(secret).replaceAll(/(.{4})/gu, '$1 ')}</code></small
          >
        </div>
        <label
          >${t('login.code')}<input
            name="code"
            inputmode="numeric"
            autocomplete="one-time-code"
            pattern="[0-9 ]{6,7}"
            required
        /></label>
        <button class="primary">${t('welcome.submit')}</button>
      </form>
      ${languages(call)}`,
  });
}
