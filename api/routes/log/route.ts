import { textResponse } from '#api/http/text-response.ts';
import { z } from 'zod';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { newestCheckpoint } from '#shared/ledger/log-keeper.ts';
import { consistencyProof } from '#shared/ledger/log-store.ts';

const size = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const logCheckpoint = route(
  {
    method: 'GET',
    path: '/v1/log/checkpoint',
    access: 'any',
    tag: 'Audit',
    summary: 'The newest signed checkpoint of the log',
    description:
      'A signed note after C2SP (tlog-checkpoint): keep it, and nobody can rewrite what was audited before it without your noticing.',
    answers: {
      200: {
        description: 'A signed note',
        content: [
          {
            type: 'text/plain',
            example: 'iit.example.org/log\n42\nCsUY…=\n\n— iit.example.org/log x08go/ZJ…\n',
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async ({ deps }) => {
    const checkpoint = await newestCheckpoint(deps.db);
    if (checkpoint === undefined) throw new ServiceError('not_found', 'Nobody has signed the log yet.');
    return textResponse(checkpoint.note, {
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    });
  },
);

export const logConsistency = route(
  {
    method: 'GET',
    path: '/v1/log/consistency',
    access: 'any',
    tag: 'Audit',
    summary: 'The proof that one size of the log begins with another',
    description:
      'The hashes of RFC 6962, section 2.1.2, in hex: what a witness checks between two checkpoints.',
    query: z.strictObject({
      first: size.meta({ description: 'Size of the earlier checkpoint' }),
      second: size.meta({ description: 'Size of the later one' }),
    }),
    answers: {
      200: {
        description: 'The proof',
        content: [
          {
            type: 'application/json',
            schema: z.object({ proof: z.array(z.string()) }).meta({ id: 'ConsistencyProof' }),
          },
        ],
      },
    },
    errors: ['invalid_query'],
  },
  async ({ deps, query }) => {
    const newest = await newestCheckpoint(deps.db);
    if (query.first > query.second || query.second > (newest?.size ?? 0)) {
      throw new ServiceError('invalid_query', 'The sizes rise, and the second has been signed.', {
        field: 'second',
      });
    }
    const proof = await consistencyProof(deps.db, query.first, query.second);
    return jsonResponse({ proof: proof.map((hash) => hash.toString('hex')) });
  },
);
