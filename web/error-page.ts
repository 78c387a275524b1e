import { html } from 'hono/html';
import { PROBLEMS } from '#api/http/problem.ts';
import type { ServiceError } from '#shared/errors/errors.ts';
import { homeOf, pageAnswer } from './layout.ts';
import type { PageCall } from './page.ts';

/** What went wrong as a page: in words, with the id that finds it in the log. */
export async function errorPage(call: PageCall, error: ServiceError): Promise<Response> {
  const { t } = call;
  const { status } = PROBLEMS[error.code];
  const title =
    status === 403
      ? t('error.forbidden')
      : status === 404
        ? t('error.not_found')
        : status >= 500
          ? t('error.ours')
          : t('error.yours');
  return await pageAnswer(call, {
    title,
    status,
    kind: 'error',
    body: html`<p>${error.message}</p>
      <p>
        <a class="button" href="${call.principal.person === undefined ? '/login' : homeOf(call)}"
          >${t('error.home')}</a
        >
      </p>
      <p class="small">
        ${t('error.code')}: <code>${error.code}</code> · ${t('error.request')}: <code>${call.requestId}</code>
      </p>`,
  });
}
