import { html } from 'hono/html';
import type { Markup } from '../http/answers.ts';
import type { PageCall } from '../page.ts';

/** Says, where risks are shown, that the model was not tried on such an input as theirs. */
export function formatNotice(
  call: Pick<PageCall, 't'>,
  { isFormatUnvalidated }: { isFormatUnvalidated: boolean },
): Markup {
  return isFormatUnvalidated
    ? html`<p class="banner bad" role="note">${call.t('run.format_not_validated')}</p>`
    : '';
}
