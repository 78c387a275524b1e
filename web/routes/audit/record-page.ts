import { html } from 'hono/html';
import { z } from 'zod';
import type { AuditRecord } from '#api/audit/audit-records.ts';
import { parseQuery } from '#api/http/parse-parameters.ts';
import { auditRecords } from '#api/routes/audit-records/route.ts';
import { featureByName } from '#patients/features/features.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { apiCall } from '../../http/api-call.ts';
import { pageAnswer } from '../../layout.ts';
import { icon } from '../../parts/icons.ts';
import { tierBadge } from '../../parts/tier.ts';
import { page } from '../../page.ts';

const LOOKED_THROUGH = '100';

/** One score with the input that it was made of. */
export const recordPage = page(
  {
    method: 'GET',
    path: '/audit/{job}/{row}',
    access: 'audit',
    params: z.object({ job: z.guid(), row: z.coerce.number().int().positive() }),
    query: z.object({ patient: z.string().min(1).max(64) }),
  },
  async (call) => {
    const { t, params } = call;
    const search = new URLSearchParams({
      patient_id: call.query.patient,
      job_id: params.job,
      include: 'input',
      limit: LOOKED_THROUGH,
    });
    const answer = await auditRecords.handle(apiCall(call, {}, parseQuery(auditRecords.query, search)));
    const { records } = (await answer.json()) as { records: AuditRecord[] };
    const record = records.find(({ row }) => row === params.row);
    if (record === undefined) throw new ServiceError('not_found', t('audit.none'));
    const input = Object.entries(record.input ?? {});
    return await pageAnswer(call, {
      title: t('audit.record_of', { patient: call.query.patient }),
      section: 'audit',
      trail: [
        ['/audit', t('section.audit')],
        [`/audit?patient=${encodeURIComponent(call.query.patient)}`, call.query.patient],
      ],
      // Online predictions have no receipt yet.
      actions:
        record.source === 'job'
          ? html`<a class="button" href="/v1/jobs/${record.job_id}/rows/${record.row}/receipt"
              >${icon('down')}${t('audit.receipt')}</a
            >`
          : html``,
      body: html`<div class="two">
        <section>
          <h2>${t('audit.what')}</h2>
          <dl class="facts">
            <dt>${t('col.risk')}</dt>
            <dd>${tierBadge(t, record.tier)} ${t.percent(record.risk, 2)}</dd>
            <dt>${t('audit.raw_score')}</dt>
            <dd><code>${record.raw_score}</code></dd>
            <dt>${t('audit.when')}</dt>
            <dd>${t.time(new Date(record.recorded_at))}</dd>
            <dt>${t('col.who')}</dt>
            <dd>${record.actor}</dd>
            <dt>${t('audit.source')}</dt>
            <dd>${t(`audit.${record.source}`)}</dd>
            <dt>${t('col.run')}</dt>
            <dd>
              <code>${record.job_id}</code>, ${t('audit.row', { row: record.row, chunk: record.chunk })}
            </dd>
            <dt>${t('audit.model')}</dt>
            <dd>${record.model.version}<br /><code>${record.model.sha256}</code></dd>
            <dt>${t('audit.input_hash')}</dt>
            <dd><code>${record.input_hash}</code></dd>
          </dl>
          <p class="small mute">${t('audit.proof_help')}</p>
        </section>
        <section>
          <h2>${t('audit.input')}</h2>
          ${
            input.length === 0
              ? html`<p class="mute">${t('audit.no_input')}</p>`
              : html`<div class="scroll" tabindex="0">
                  <table>
                    <tbody>
                      ${input.map(
                        ([name, value]) =>
                          html`<tr>
                            <th scope="row">
                              ${featureByName(name)?.words.label ?? name}<small><code>${name}</code></small>
                            </th>
                            <td class="num">
                              ${value === null ? html`<span class="none">${t('audit.missing')}</span>` : value}
                            </td>
                          </tr>`,
                      )}
                    </tbody>
                  </table>
                </div>`
          }
        </section>
      </div>`,
    });
  },
);
