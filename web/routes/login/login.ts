import { html, raw } from 'hono/html';
import { z } from 'zod';
import { passwordLogin } from '#api/people/login.ts';
import { sessionCookie } from '#api/people/session-cookie.ts';
import type { SessionMethod } from '#api/people/sessions.ts';
import type { Claimant } from '#api/people/login.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { localPath, type Markup, seeOther } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { page, type PageCall } from '../../page.ts';
import { auditFailedLogin, auditLogin } from './login-audit.ts';

const query = z.object({ next: z.string().optional(), over: z.string().optional() });

export const loginPage = page({ method: 'GET', path: '/login', access: 'public', query }, async (call) =>
  call.principal.person === undefined
    ? await loginForm(call, { next: localPath(call.query.next), isOver: call.query.over !== undefined })
    : seeOther(localPath(call.query.next)),
);

export const loginPost = page(
  {
    method: 'POST',
    path: '/login',
    access: 'public',
    form: z.object({
      email: z.string().max(200).default(''),
      password: z.string().max(1_000).default(''),
      code: z.string().max(20).default(''),
      next: z.string().optional(),
    }),
  },
  async (call) => {
    const { deps, form } = call;
    const next = localPath(form.next);
    const networkAddress = call.incoming.socket.remoteAddress ?? '';
    try {
      const claimant = await passwordLogin(
        { db: deps.db, clock: deps.clock, limits: deps.loginLimits, secrets: deps.secrets },
        { ...form, networkAddress },
      );
      return await openSession(call, claimant, 'password', next);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.code !== 'login_failed' && error.code !== 'too_many_attempts') throw error;
      await auditFailedLogin(
        call,
        'password',
        error.code,
        typeof error.cause === 'string' ? error.cause : undefined,
      );
      return await loginForm(call, { next, error, email: form.email });
    }
  },
);

/** Opens a session and audits that, together. */
export async function openSession(
  call: PageCall,
  claimant: Claimant,
  method: SessionMethod,
  next: string,
): Promise<Response> {
  const { deps } = call;
  const token = await deps.db.transaction().execute(async (trx) => {
    const opened = await deps.sessions.open(trx, claimant.id, method);
    await auditLogin(call, trx, { action: 'auth.login', outcome: 'success', method, who: claimant });
    return opened;
  });
  return seeOther(next, { 'set-cookie': sessionCookie(token) });
}

export function brand(call: Pick<PageCall, 't'>): Markup {
  return html`<p class="brand"><b>IIT</b><span>${call.t('shell.service')}</span></p>`;
}

async function loginForm(
  call: PageCall,
  shown: { next: string; isOver?: boolean; error?: ServiceError; email?: string },
): Promise<Response> {
  const { t, deps } = call;
  const message =
    shown.error === undefined
      ? shown.isOver === true
        ? html`<p class="banner">${t('login.over')}</p>`
        : ''
      : html`<p class="banner bad" role="alert">
          ${
            shown.error.code === 'too_many_attempts'
              ? t('login.too_many', { minutes: Math.ceil((shown.error.retryAfterSeconds ?? 60) / 60) })
              : t('login.failed')
          }
        </p>`;
  const provider =
    deps.oidc === undefined
      ? ''
      : html`<p>
            <a
              class="button primary"
              href="/login/provider?${new URLSearchParams({ next: shown.next }).toString()}"
              >${t('login.provider')}</a
            >
          </p>
          <p class="small mute">${t('login.or_password')}</p>`;
  return await pageAnswer(call, {
    title: t('login.title'),
    heading: html`${brand(call)}${t('login.title')}`,
    status: shown.error === undefined ? 200 : shown.error.code === 'too_many_attempts' ? 429 : 401,
    body: html`${message}${provider}
      <form class="stack" method="post" action="/login">
        <input type="hidden" name="next" value="${shown.next}" />
        <label
          >${t('login.email')}<input
            name="email"
            type="email"
            autocomplete="username"
            required
            value="${shown.email ?? ''}"
            ${raw(shown.error === undefined && deps.oidc === undefined ? ' autofocus' : '')}
        /></label>
        <label
          >${t('login.password')}<input
            name="password"
            type="password"
            autocomplete="current-password"
            required
        /></label>
        <label
          >${t('login.code')}<input
            name="code"
            inputmode="numeric"
            autocomplete="one-time-code"
            pattern="[0-9 ]{6,7}"
            required
          /><small>${t('login.code_help')}</small></label
        >
        <button class="primary">${t('login.submit')}</button>
      </form>
      ${languages(call)}`,
  });
}

/** Before anybody is known, the language is the browser's or the one chosen here. */
export function languages(call: Pick<PageCall, 't' | 'url'>): Markup {
  const names = { en: 'English', fr: 'Français', ha: 'Hausa' } as const;
  return html`<form class="langs" method="post" action="/login/language">
    <input type="hidden" name="next" value="${call.url.pathname + call.url.search}" />${Object.entries(
      names,
    ).map(
      ([code, name]) =>
        html`<button
          name="language"
          value="${code}"
          lang="${code}"
          ${raw(code === call.t.language ? ' aria-pressed="true"' : '')}
        >
          ${name}
        </button>`,
    )}
  </form>`;
}

export const languagePost = page(
  {
    method: 'POST',
    path: '/login/language',
    access: 'public',
    form: z.object({ language: z.enum(['en', 'fr', 'ha']), next: z.string().optional() }),
  },
  async ({ form }) =>
    seeOther(localPath(form.next), {
      'set-cookie': `iit-language=${form.language}; Path=/; Max-Age=31536000; SameSite=Lax`,
    }),
);
