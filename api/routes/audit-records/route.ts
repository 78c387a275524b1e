import { z } from 'zod';
import { instantParameter } from '#api/http/time-parameters.ts';
import { auditPosition, auditRecordSchema, readAuditRecords } from '#api/audit/audit-records.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { readStoredInputs } from '#api/audit/stored-inputs.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const MAX_WITH_INPUT = 1_000;

const query = z.strictObject({
  patient_id: z.string().min(1).max(64).optional(),
  job_id: z.guid().optional(),
  actor: z.string().max(200).optional().meta({ description: 'Name of the key that asked for the score' }),
  model: z.string().max(64).optional().meta({ description: 'Version of the model' }),
  from: instantParameter.optional().meta({ description: 'Recorded at or after' }),
  to: instantParameter.optional().meta({ description: 'Recorded before' }),
  include: z
    .literal('input')
    .optional()
    .meta({ description: `input: with the stored features; at most ${MAX_WITH_INPUT} records a page then` }),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
  cursor: z.string().optional(),
});

export const auditRecords = route(
  {
    method: 'GET',
    path: '/v1/audit',
    access: 'audit',
    tag: 'Audit',
    summary: 'What was predicted, when, for whom, by which key, with which model, on which input',
    description: 'The newest first. Reading the audit is itself audited.',
    query,
    answers: {
      200: {
        description: 'One page',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({ records: z.array(auditRecordSchema), next_cursor: z.string().nullable() })
              .meta({ id: 'AuditPage' }),
          },
        ],
      },
    },
    errors: ['invalid_query', 'invalid_cursor', 'overloaded'],
  },
  async (call) => {
    const { deps, principal, query } = call;
    if (query.include !== undefined && query.limit > MAX_WITH_INPUT) {
      throw new ServiceError(
        'invalid_query',
        `With include=input a page has at most ${MAX_WITH_INPUT} records.`,
        {
          field: 'limit',
        },
      );
    }
    const { cursor, limit, include, ...asked } = query;
    const scope = ['audit', principal.tenantId, asked];
    const after = cursor === undefined ? undefined : deps.cursors.decode(scope, auditPosition, cursor);
    const filter = {
      tenantId: principal.tenantId,
      patientId: query.patient_id,
      jobId: query.job_id,
      actor: query.actor,
      model: query.model,
      from: query.from,
      to: query.to,
    };
    const found = await readAuditRecords(deps.db, filter, after, limit + 1);
    const page = found.slice(0, limit);
    const inputs = include === undefined ? undefined : await readStoredInputs(deps, page);
    const { patient_id: patientId, ...otherFilters } = asked;
    await recordAccess(call, {
      action: 'audit.view',
      ...(patientId === undefined ? {} : { entity: `patient/${patientId}` }),
      details: { ...otherFilters, include: include ?? null, records: page.length },
    });
    const last = page.at(-1);
    return jsonResponse({
      records: page.map(({ record }, index) =>
        inputs === undefined
          ? record
          : {
              ...record,
              input_hash: inputs[index]?.hash ?? record.input_hash,
              input: inputs[index]?.input ?? null,
            },
      ),
      next_cursor:
        found.length > page.length && last !== undefined ? deps.cursors.encode(scope, last.position) : null,
    });
  },
);
