import { html } from 'hono/html';
import { readServiceStatus, type ServiceStatus } from '#api/status/service-status.ts';
import { VERSION } from '#api/version.ts';
import type { Markup } from '../../http/answers.ts';
import { pageAnswer } from '../../layout.ts';
import { barChart } from '../../parts/charts.ts';
import { page, type PageCall } from '../../page.ts';
import type { MessageKey } from '../../translate.ts';

const OLDEST_PENDING_SECONDS = 900;
const BACKUP_SECONDS = 26 * 3_600;

export const statusPage = page({ method: 'GET', path: '/status', access: 'status' }, async (call) => {
  const { t, deps } = call;
  const [health, status] = await Promise.all([deps.readiness.check(), readServiceStatus(deps.db)]);
  const nowMs = deps.clock.nowMs();
  const alerts = alertsOf(status, nowMs);
  const card = (title: string, value: Markup, small: Markup = '') =>
    html`<div class="card">
      <dt>${title}</dt>
      <dd>${value}${small === '' ? '' : html`<small>${small}</small>`}</dd>
    </div>`;
  return await pageAnswer(call, {
    title: t('section.status'),
    section: 'status',
    aside: html`iit-ml-service ${VERSION} · <a href="/docs">${t('status.docs')}</a> ·
      <a href="/metrics">${t('status.metrics')}</a>`,
    body: html`${
        alerts.length === 0
          ? html`<p class="banner good">${t('status.no_alerts')}</p>`
          : alerts.map(
              ({ words, runbook }) =>
                html`<p class="banner bad" role="alert">
                  ${t(words)} <small>${t('status.runbook')}: <code>docs/runbooks/${runbook}.md</code></small>
                </p>`,
            )
      }
      <dl class="cards">
        ${card(t('status.waiting'), t.number(status.pendingChunks), status.oldestPendingSeconds > 0 ? t('status.oldest', { seconds: Math.round(status.oldestPendingSeconds) }) : t('status.nothing_waits'))}${card(t('status.working'), t.number(status.leasedChunks), t('status.workers', { count: status.workers }))}${card(t('status.backup'), status.lastBackupAt === null ? html`<span class="state warn">${t('status.never')}</span>` : t.ago(status.lastBackupAt, nowMs), status.lastBackupAt === null ? '' : t.time(status.lastBackupAt))}${card(t('status.database'), `${t.number(status.databaseBytes / 1024 ** 2)} MB`)}
      </dl>
      <h2>${t('status.checks')}</h2>
      <ul class="plain">
        ${health.checks.map(
          (check) =>
            html`<li>
              <span class="state ${check.status === 'up' ? 'ok' : 'bad'}">${check.name}</span>
              <span class="mute small"
                >${t.number(check.latency_ms)}
                ms${check.detail === undefined ? '' : html` · ${check.detail}`}</span
              >
            </li>`,
        )}
      </ul>
      <div class="two">
        <section>
          <h2>${t('status.hours')}</h2>
          ${hours(call, status)}
        </section>
      </div>`,
  });
});

function hours(call: Pick<PageCall, 't'>, status: ServiceStatus): Markup {
  const { t } = call;
  const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: t.timeZone });
  return barChart(t, {
    title: t('status.hours_help', { zone: t.timeZone }),
    labels: status.hours.map(({ hour: at }) => hour.format(at)),
    series: [{ name: t('col.rows'), values: status.hours.map(({ rows }) => rows) }],
    format: (value) => (value >= 10_000 ? `${t.number(value / 1_000)}k` : t.number(value)),
  });
}

/** The conditions of monitoring/alerts.yml that the database alone can tell, each with its runbook. */
function alertsOf(status: ServiceStatus, nowMs: number): { words: MessageKey; runbook: string }[] {
  const alerts: { words: MessageKey; runbook: string }[] = [];
  if (status.oldestPendingSeconds > OLDEST_PENDING_SECONDS)
    alerts.push({ words: 'alert.oldest_pending', runbook: 'oldest-pending-chunk' });
  if (status.pendingChunks > 0 && status.leasedChunks === 0 && status.oldestPendingSeconds > 60)
    alerts.push({ words: 'alert.not_draining', runbook: 'backlog-not-draining' });
  if (status.quarantinedLastDay > 0)
    alerts.push({ words: 'alert.quarantined', runbook: 'chunks-quarantined' });
  if (status.failedJobsLastDay > 0) alerts.push({ words: 'alert.jobs_fail', runbook: 'jobs-fail' });
  if (status.lastBackupAt !== null && nowMs - status.lastBackupAt.getTime() > BACKUP_SECONDS * 1_000)
    alerts.push({ words: 'alert.backup', runbook: 'backup-too-old' });
  return alerts;
}
