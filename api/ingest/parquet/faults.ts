import { ServiceError } from '#shared/errors/errors.ts';

const SMALLER = 'Write it with smaller row groups (row_group_size=100000), split it, or send CSV.';

/** A Parquet file beyond a limit, by what it does. */
export function tooLarge(what: string): ServiceError {
  return new ServiceError('body_too_large', `The Parquet file ${what}. ${SMALLER}`);
}

export function damaged(what: string, cause?: unknown): ServiceError {
  return new ServiceError('invalid_body', `The Parquet file is damaged: ${what}. Write it again.`, { cause });
}

export function encrypted(): ServiceError {
  return new ServiceError(
    'invalid_body',
    'The Parquet file is encrypted. Send it decrypted: the connection protects it on its way.',
  );
}

/** A column that would be read and cannot be. `why` is a predicate, such as "holds lists". */
export function unreadable(column: string, why: string): ServiceError {
  const name = column.slice(0, 100);
  return new ServiceError(
    'invalid_body',
    `Column ${name} ${why}. Write it as one plain value a row, or leave the column away.`,
    { field: name },
  );
}
