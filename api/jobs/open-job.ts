import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { CohortLayout } from '#api/ingest/cohort-layout.ts';
import type { Db } from '#shared/db/database.ts';
import type { Priority } from '#shared/db/schema.ts';
import type { JobInput } from '#shared/jobs/job-input.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const UNIQUE_VIOLATION = '23505';
const NAMES_KEPT = 100;

export type JobOpening = {
  tenantId: number;
  name: string;
  priority: Priority;
  explain: number;
  modelId: number;
  /** ModelRecord's: kept, so that the job's tiers stay what they were accepted under. */
  thresholdSet: number | null;
  apiKeyId: string;
  actor: string;
  contentType: string;
  idempotency: { key: string; fingerprint: Buffer } | undefined;
  layout: CohortLayout;
  /** As far as it is understood when rows begin. */
  input: JobInput;
  /** Runs in the transaction that makes the job: the audit event belongs there. */
  alongside: (trx: Db, jobId: string) => Promise<void>;
};

export function newJobId(): string {
  return randomUUID();
}

/** Makes the job, `receiving`. Throws `idempotency_conflict` when another request with its key was faster. */
export async function openJob(db: Db, jobId: string, opening: JobOpening): Promise<void> {
  const { layout, idempotency } = opening;
  try {
    await db.transaction().execute(async (trx) => {
      await trx
        .insertInto('jobs')
        .values({
          id: jobId,
          tenant_id: opening.tenantId,
          period: sql<string>`now()::date`,
          name: opening.name,
          status: 'receiving',
          priority: opening.priority,
          explain: opening.explain,
          model_id: opening.modelId,
          api_key_id: opening.apiKeyId,
          actor: opening.actor,
          idempotency_key: idempotency?.key ?? null,
          request_fingerprint: idempotency?.fingerprint ?? null,
          content_type: opening.contentType,
          input: JSON.stringify(opening.input),
          ignored_columns: layout.ignored.slice(0, NAMES_KEPT),
          absent_features: layout.absentFeatures,
        })
        .execute();
      if (opening.thresholdSet !== null) {
        await trx
          .insertInto('job_thresholds')
          .values({ job_id: jobId, threshold_set_id: opening.thresholdSet })
          .execute();
      }
      await opening.alongside(trx, jobId);
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION || idempotency === undefined) throw error;
    throw new ServiceError('idempotency_conflict', 'An upload under this Idempotency-Key still goes on.', {
      field: 'Idempotency-Key',
      cause: error,
      retryable: true,
    });
  }
}
