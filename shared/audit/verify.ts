import { verifyBatches, verifyUnbatchedRows } from './verify-batches.ts';
import { verifyEvents } from './verify-events.ts';
import { verifyEntries, verifyLog } from './verify-log.ts';
import { verifySeals } from './verify-seals.ts';
import {
  type AuditScope,
  type Database,
  readGone,
  type Verification,
  type VerifyOptions,
} from './verification.ts';

/**
 * Recomputes every digest from what is stored, the log over them, and its checkpoints, and names what is not as it was written.
 * Reads only; a whole year is read once. Against whoever owns the database it holds as far as the checkpoints from outside do.
 */
export async function verifyAudit(
  database: Database,
  scope: AuditScope = {},
  options: VerifyOptions = {},
): Promise<Verification> {
  const { db } = database;
  const found: Verification = {
    rows: 0,
    erased: 0,
    batches: 0,
    events: 0,
    entries: 0,
    checkpoints: 0,
    waiting: 0,
    expired: 0,
    unverifiable: 0,
    problems: [],
  };
  const gone = await readGone(db);
  await verifyLog(db, options, found);
  await verifySeals(db, found);
  await verifyBatches(database, scope, options, gone, found);
  await verifyUnbatchedRows(db, scope, found);
  if (scope.jobId === undefined) await verifyEvents(db, scope, gone, found);
  await verifyEntries(db, scope, found);
  return found;
}
