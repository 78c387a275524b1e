import { html } from 'hono/html';
import { FORMAT_WARNING } from '#api/ingest/judge-format.ts';
import type { JobInput } from '#shared/jobs/job-input.ts';
import type { Markup } from '../../http/answers.ts';
import { formatNotice } from '../../parts/format-notice.ts';
import type { PageCall } from '../../page.ts';

/** What `/v1/check` answers with. */
export type Check = {
  input: JobInput;
  rows: { read: number; accepted: number; rejected: number; joined: number; whole_file: boolean };
  codes: Record<string, number>;
  sample: ({ row: number; patient_id: string; facility_id: string | null; due_date: string | null } & Record<
    string,
    unknown
  >)[];
  rejections: { row: number; line: number; field: string | null; code: string; message: string }[];
  absent_features: string[];
};

const DELIMITERS: Record<string, string> = { ',': ',', ';': ';', '\t': 'tab', '|': '|' };

/** The file as it was understood, for somebody who can tell whether that is right. */
export function understood(call: Pick<PageCall, 't'>, check: Check): Markup {
  const { t } = call;
  const { rows, codes, sample, rejections } = check;
  const refused = Object.entries(codes);
  return html`<section aria-labelledby="understood">
    <h2 id="understood">${t('check.title')}</h2>
    <p class="banner ${rows.rejected === 0 ? 'good' : rows.accepted === 0 ? 'bad' : ''}">
      ${t('check.rows', { read: rows.read, accepted: rows.accepted, rejected: rows.rejected })}
      ${rows.whole_file ? '' : t('check.first_rows')}
    </p>
    ${inputFacts(call, check.input)}
    ${
      refused.length === 0
        ? ''
        : html`<h3>${t('check.refused')}</h3>
            <ul class="plain">
              ${refused.map(([code, count]) => html`<li><code>${code}</code> × ${t.number(count)}</li>`)}
            </ul>
            <ul>
              ${rejections
                .slice(0, 5)
                .map((one) => html`<li>${t('col.line')} ${one.line}: ${one.message}</li>`)}
            </ul>`
    }
    ${
      sample.length === 0
        ? ''
        : html`<h3>${t('check.sample')}</h3>
            <div class="scroll" tabindex="0">
              <table>
                <thead>
                  <tr>
                    <th scope="col">${t('col.patient')}</th>
                    <th scope="col">${t('col.facility')}</th>
                    <th scope="col">${t('patient.due')}</th>
                    <th scope="col">${t('check.known')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${sample.slice(0, 5).map(
                    (row) =>
                      html`<tr>
                        <th scope="row">${row.patient_id}</th>
                        <td>${row.facility_id ?? '–'}</td>
                        <td>${row.due_date ?? '–'}</td>
                        <td>
                          ${t('check.features', { count: Object.keys((row['features'] as object | undefined) ?? {}).length })}
                        </td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
    }
  </section>`;
}

/** Format, encoding, columns and the rest; also on the page of a run. */
export function inputFacts(call: Pick<PageCall, 't'>, input: JobInput): Markup {
  const { t } = call;
  const fact = (name: string, value: string | null | undefined) =>
    value === null || value === undefined || value === ''
      ? ''
      : html`<dt>${name}</dt>
          <dd>${value}</dd>`;
  const sheets = input.sheets
    .map((sheet) => (sheet.read ? sheet.name : `${sheet.name} (${sheet.reason ?? t('check.not_read')})`))
    .join(', ');
  const columns = input.columns.filter((column) => column.read_as !== null);
  return html`<dl class="facts">
      ${fact(t('check.format'), input.format)}${fact(t('check.encoding'), [input.encoding, input.compression === 'identity' ? '' : input.compression].filter((part) => part !== '').join(', '))}${fact(t('check.delimiter'), input.delimiter === null ? null : (DELIMITERS[input.delimiter] ?? input.delimiter))}${fact(t('check.header'), input.header_line === null ? null : String(input.header_line))}${fact(t('check.sheets'), sheets)}${fact(t('new.date_order'), input.date_order === null || input.date_order === 'unknown' ? null : t(`order.${input.date_order}`))}${fact(t('new.as_of'), input.as_of === null ? null : t.day(input.as_of))}${fact(t('check.ignored'), input.ignored_columns.join(', '))}
    </dl>
    ${formatNotice(call, { isFormatUnvalidated: FORMAT_WARNING in input.warnings })}
    ${input.notes.map((note) => html`<p class="banner">${note}</p>`)}
    ${
      columns.length === 0
        ? ''
        : html`<details class="data">
            <summary>${t('check.columns', { count: columns.length })}</summary>
            <div class="scroll" tabindex="0">
              <table>
                <thead>
                  <tr>
                    <th scope="col">${t('check.column')}</th>
                    <th scope="col">${t('check.read_as')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${columns.map(
                    (column) =>
                      html`<tr>
                        <th scope="row">${column.name}</th>
                        <td>
                          ${column.read_as}${column.detail === null ? '' : html` <small>${column.detail}</small>`}
                        </td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>
          </details>`
    }`;
}
