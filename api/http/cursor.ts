import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { ServiceError } from '#shared/errors/errors.ts';

const TAG_BYTES = 12;

/** Opaque keyset cursors that nobody but this service can make. */
export type CursorCodec = {
  /** `scope` names the list that the cursor belongs to: route, tenant and filters. */
  encode: (scope: readonly unknown[], position: unknown) => string;
  /** Throws `invalid_cursor` for a cursor that was changed, made up, or made for another list. */
  decode: <Schema extends z.ZodType>(
    scope: readonly unknown[],
    schema: Schema,
    cursor: string,
  ) => z.output<Schema>;
};

/**
 * Cursors carry their position in the clear and an HMAC over position and scope. The key is derived from
 * `secret`, which every replica must share; changing it voids the cursors in use and nothing else.
 */
export function createCursorCodec(secret: string): CursorCodec {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'iit-ml-service cursor', 32));
  const tagOf = (scope: readonly unknown[], body: Buffer) =>
    createHmac('sha256', key)
      .update(JSON.stringify(scope))
      .update('\0')
      .update(body)
      .digest()
      .subarray(0, TAG_BYTES);
  return {
    encode: (scope, position) => {
      const body = Buffer.from(JSON.stringify(position));
      return Buffer.concat([tagOf(scope, body), body]).toString('base64url');
    },
    decode: (scope, schema, cursor) => {
      const bytes = Buffer.from(cursor, 'base64url');
      const body = bytes.subarray(TAG_BYTES);
      if (
        body.length > 0 &&
        bytes.toString('base64url') === cursor &&
        timingSafeEqual(bytes.subarray(0, TAG_BYTES), tagOf(scope, body))
      ) {
        return schema.parse(JSON.parse(body.toString()));
      }
      throw new ServiceError(
        'invalid_cursor',
        'Use the cursor of an answer as it is, with the same filters.',
        {
          field: 'cursor',
        },
      );
    },
  };
}
