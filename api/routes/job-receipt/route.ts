import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { requireKept } from '#api/results/require-kept.ts';
import { jsonResponse, route } from '#api/route.ts';
import { readReceipt } from '#shared/ledger/receipt.ts';
import { receiptSchema } from '#shared/ledger/receipt-schema.ts';

export const jobReceipt = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/rows/{row}/receipt',
    access: 'read',
    permission: 'audit',
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
    errors: ['not_found', 'receipt_unavailable', 'results_expired'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const { row: job } = await deps.jobs.get(principal.tenantId, params.id);
    await requireKept(deps.db, job);
    const receipt = await readReceipt(deps, { jobId: job.id, row: params.row });
    await recordAccess(call, {
      action: 'receipt.view',
      entity: `job/${job.id}`,
      details: { row: params.row },
    });
    return jsonResponse(receipt);
  },
);
