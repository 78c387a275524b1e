import { html } from 'hono/html';
import type { JobStatus } from '#shared/db/schema.ts';
import type { Markup } from '../http/answers.ts';
import type { Translator } from '../translate.ts';

const MOOD: Record<JobStatus, 'ok' | 'run' | 'warn' | 'bad' | ''> = {
  receiving: 'run',
  queued: 'run',
  running: 'run',
  completed: 'ok',
  partial: 'warn',
  failed: 'bad',
  cancelled: '',
  aborted: 'bad',
};

/** A run's state as a word and a dot. */
export function jobState(t: Translator, status: JobStatus): Markup {
  return html`<span class="state ${MOOD[status]}">${t(`run.${status}`)}</span>`;
}
