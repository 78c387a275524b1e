import { request } from 'node:http';
import { expect, test } from 'vitest';
import { registerModel } from '#shared/models/store.ts';
import { knownModel } from '#test/support/known-model.ts';
import { repeatedPart, workbookOf } from '#test/support/raw-workbook.ts';
import { startTestApi } from '#test/support/test-api.ts';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const HEADER = ['DatimId', 'Unique Id', 'Last Pickup Date', 'Months of ARV Refill'];
const PATIENTS = 5_000;
/** Some seconds of reading. */
const EMPTY_ROWS = 1_000_000;

test('a client that leaves while its workbook is read leaves an aborted job', async () => {
  await using api = await startTestApi({ CHUNK_ROWS: '128' });
  const { id } = await registerModel(api.database.db, {
    ...knownModel({ names: ['days_to_due'] }),
    createdBy: 'test',
  });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
  const upload = request(`${api.url}/v1/jobs?source=radet&as_of=2026-11-26`, {
    method: 'POST',
    headers: { 'content-type': XLSX, authorization: `Bearer ${await api.key(['submit'])}` },
  });
  upload.on('error', () => undefined);
  upload.end(workbook());
  const job = () => api.database.db.selectFrom('jobs').select(['status', 'error_code']).executeTakeFirst();
  await expect.poll(job, { timeout: 20_000 }).toMatchObject({ status: 'receiving' });
  upload.destroy();
  await expect.poll(job, { timeout: 20_000 }).toEqual({ status: 'aborted', error_code: 'upload_aborted' });
});

function workbook(): Buffer {
  const row = (cells: readonly string[]) =>
    `<row>${cells.map((text) => `<c t="inlineStr"><is><t>${text}</t></is></c>`).join('')}</row>`;
  const patients = Array.from({ length: PATIENTS }, (_, index) =>
    row(['SYNFAC00001', `SYN-${index}`, '2026-10-20', '3']),
  );
  const empty = Buffer.from(`<row s="1">${'<c s="1"/>'.repeat(20)}</row>`.repeat(1_000));
  const head = '<?xml version="1.0"?><worksheet><sheetData>';
  const xml = repeatedPart(
    `${head}${row(HEADER)}${patients.join('')}`,
    empty,
    EMPTY_ROWS / 1_000,
    '</sheetData></worksheet>',
  );
  return workbookOf({ sheets: [{ xml }] });
}
