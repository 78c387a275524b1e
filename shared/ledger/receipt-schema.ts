import { z } from 'zod';

const hash = z.string().regex(/^[0-9a-f]+$/u);

/**
 * All that somebody needs, with the verifier key, to be sure that a row was scored so, by whom and when, and that it stands in the log:
 * docs/verify_receipt.py and `verifyReceipt` check it. Hashes and bytes are hex; the paths go from the leaf up.
 */
export const receiptSchema = z
  .object({
    type: z.literal('iit-receipt/1'),
    row: z.object({
      number: z.int(),
      patient_id: z.string(),
      facility_id: z.string().nullable(),
      due_date: z.iso.date().nullable(),
      raw_score: z.number(),
      risk: z.number(),
      /** The risk is 1 ÷ (1 + e^−raw), and was not kept beside it. */
      risk_is_logistic: z.boolean(),
      tier: z.int().meta({ description: '0 low, 1 medium, 2 high' }),
      /** Feature by its index in the model; value null where missing. */
      reasons: z.array(
        z.object({ feature: z.int(), contribution: z.number(), value: z.number().nullable() }),
      ),
      identifiers: z.record(z.string(), z.string()),
      salt: hash,
      /** From 0, within the chunk. */
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
      /** Microseconds since 1970, a decimal number: more digits than some readers of JSON keep. */
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

export type Receipt = z.output<typeof receiptSchema>;
