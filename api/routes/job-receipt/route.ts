import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { jsonResponse, route } from '#api/route.ts';
import { readReceipt } from '#shared/ledger/receipt.ts';

const hash = z.string().regex(/^[0-9a-f]+$/u);

const receiptSchema = z
  .object({
    type: z.literal('iit-receipt/1'),
    row: z.object({
      number: z.int(),
      patient_id: z.string(),
      facility_id: z.string().nullable(),
      due_date: z.iso.date().nullable(),
      raw_score: z.number(),
      risk: z.number(),
      risk_is_logistic: z.boolean(),
      tier: z.int().meta({ description: '0 low, 1 medium, 2 high' }),
      reasons: z.array(
        z.object({ feature: z.int(), contribution: z.number(), value: z.number().nullable() }),
      ),
      identifiers: z.record(z.string(), z.string()),
      salt: hash,
      place: z.int(),
      path: z.array(hash),
    }),
    chunk: z.object({
      job_id: z.guid(),
      number: z.int(),
      tenant: z.int(),
      period: z.iso.date(),
      first_row: z.int(),
      last_row: z.int(),
      rows: z.int(),
      recorded_at_micros: z.string(),
      api_key_id: z.guid(),
      actor: z.string(),
      model_version: z.string(),
      model_sha256: hash,
      input_root: hash,
    }),
    log: z.object({
      entry: z.int(),
      path: z.array(hash),
      checkpoint: z.string().meta({ description: 'A signed note (C2SP tlog-checkpoint)' }),
    }),
  })
  .meta({ id: 'Receipt' });

export const jobReceipt = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/rows/{row}/receipt',
    access: 'read',
    tag: 'Results',
    summary: 'A row with the proof that it stands in the signed log',
    description:
      'Whoever has the receipt and the verifier key checks it offline with docs/verify_receipt.py. The service audits each call. receipt_unavailable: no checkpoint covers the row yet, the patient was erased, or the row was scored before there were receipts.',
    params: jobParams.extend({
      row: z.coerce
        .number()
        .int()
        .min(1)
        .max(2 ** 31 - 1)
        .meta({ description: 'Number of the row in the input, from 1' }),
    }),
    answers: {
      200: { description: 'The receipt', content: [{ type: 'application/json', schema: receiptSchema }] },
    },
    errors: ['not_found', 'receipt_unavailable'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const { row: job } = await deps.jobs.get(principal.tenantId, params.id);
    const receipt = await readReceipt(deps, { jobId: job.id, row: params.row });
    await recordAccess(call, {
      action: 'receipt.view',
      entity: `job/${job.id}`,
      details: { row: params.row },
    });
    return jsonResponse(receipt);
  },
);
