/** Why a list as a whole is not taken. Stable: doors map them to their own errors. */
export type LineListFaultCode =
  | 'empty_list'
  | 'missing_header'
  | 'missing_columns'
  | 'duplicate_columns'
  | 'stale_list';

/** A fault of a list as a whole; the message is for whoever sent it and repeats no cell. */
export class LineListFault extends Error {
  readonly code: LineListFaultCode;
  readonly line: number | undefined;
  /** Title of the column. */
  readonly field: string | undefined;

  constructor(
    code: LineListFaultCode,
    message: string,
    place: { line?: number | undefined; field?: string } = {},
  ) {
    super(message);
    this.name = 'LineListFault';
    this.code = code;
    this.line = place.line;
    this.field = place.field;
  }
}
