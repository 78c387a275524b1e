/**
 * SQLSTATE classes and codes that speak of the server's state and not of the work: 08 connection, 53 resources
 * (disk full, too many connections), 57P0x shutdown, 58 system, 40 rollbacks to be repeated, 25006 a standby.
 */
const SERVER_STATE = /^(?:08|53|57P0|58|40001|40P01|25P03|25006)/u;
/** Class 22, data exceptions, and 54000: a value that no table can hold, such as U+0000 or the year 0. */
const FOREIGN_VALUE = /^(?:22|54000)/u;
const CHECK_VIOLATION = '23514';
const NO_PARTITION = 'no partition of relation';
const NODE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** pg tells of a full pool, a lost connection and a silent server by message only. */
const MESSAGES =
  /^(?:timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Client was closed|PostgreSQL has been silent|Query read timeout)/u;

/** True where the same work may well succeed later and is not to blame: PostgreSQL is away, full or overrun. */
export function isServerFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (SERVER_STATE.test(code) || NODE_CODES.has(code))) return true;
  if (code === CHECK_VIOLATION && error.message.startsWith(NO_PARTITION)) return true;
  return MESSAGES.test(error.message) || (error.cause !== undefined && isServerFailure(error.cause));
}

/** True where PostgreSQL refused a value: whoever sent it is to blame, and sending it again changes nothing. */
export function isForeignValue(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && FOREIGN_VALUE.test(code);
}
