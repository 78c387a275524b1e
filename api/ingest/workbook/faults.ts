import { ServiceError } from '#shared/errors/errors.ts';

/** A workbook beyond a limit, by name; the message says what to do instead. */
export function tooLarge(what: string, line?: number): ServiceError {
  return new ServiceError(
    'workbook_too_large',
    `The workbook ${what}. Send the list as CSV, or split it.`,
    line === undefined ? {} : { line },
  );
}

export function damaged(what: string, cause?: unknown): ServiceError {
  return new ServiceError(
    'invalid_body',
    `The workbook is damaged: ${what}. Open it in the program that made it, save it again and send that.`,
    { cause },
  );
}

export function notAWorkbook(what: string): ServiceError {
  return new ServiceError('invalid_body', `${what} Save it as .xlsx (Excel Workbook) or as CSV.`);
}
