/**
 * SQLSTATE classes and codes that speak of the server's state and not of the work: 08 connection, 53 resources
 * (disk full, too many connections), 57P0x shutdown, 58 system, 40 rollbacks to be repeated.
 */
const SERVER_STATE = /^(?:08|53|57P0|58|40001|40P01|25P03)/u;
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
  return MESSAGES.test(error.message) || (error.cause !== undefined && isServerFailure(error.cause));
}
