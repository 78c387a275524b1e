import type { EpochDay } from '#patients/record/epoch-day.ts';
import { differences, type LineListRow, type RowFault } from './row.ts';

/** What was made of a patient's rows. Every row is in `refused`, counted in `joinedCount`, or the `newest`. */
export type JoinedRows = {
  /** Rows that count, one a snapshot, oldest first. */
  readonly used: readonly LineListRow[];
  /** The one that stands for the patient; undefined where the patient is refused. */
  readonly newest: LineListRow | undefined;
  readonly refused: readonly { row: LineListRow; fault: RowFault }[];
  readonly joinedCount: number;
  /** Rows that say the same as another of their snapshot. */
  readonly identical: number;
};

/**
 * Joins a patient's rows as of a day. Of one snapshot's rows identical ones are one; of those that differ the one with
 * the newest pickup counts (the first of these), and the others are refused by name. A faulty row costs itself, and the
 * patient too where it is the newest: what older snapshots say would be taken for the present.
 */
export function joinRows(rows: readonly LineListRow[], asOf: EpochDay): JoinedRows {
  const refused: { row: LineListRow; fault: RowFault }[] = [];
  const bySnapshot = new Map<EpochDay, LineListRow[]>();
  const faulty: LineListRow[] = [];
  for (const row of rows) {
    if (row.fault !== undefined) {
      faulty.push(row);
      refused.push({ row, fault: row.fault });
      continue;
    }
    const snapshot = bySnapshot.get(row.snapshotDay);
    if (snapshot === undefined) bySnapshot.set(row.snapshotDay, [row]);
    else snapshot.push(row);
  }
  const used: LineListRow[] = [];
  let identical = 0;
  for (const snapshot of bySnapshot.values()) {
    const kept = snapshot.reduce(newerPickup);
    used.push(kept);
    for (const row of snapshot) {
      if (row === kept) continue;
      const differing = differences(row, kept);
      if (differing.length === 0) identical++;
      else refused.push({ row, fault: contradiction(kept, differing) });
    }
  }
  used.sort((a, b) => a.snapshotDay - b.snapshotDay || a.rowNo - b.rowNo);
  const past = used.filter((row) => !(row.snapshotDay > asOf));
  const newest = past.at(-1) ?? used.at(-1);
  const isOvertaken =
    newest !== undefined &&
    faulty.some((row) => row.snapshotDay > newest.snapshotDay && row.snapshotDay <= asOf);
  const counted = isOvertaken ? used.length : Math.max(0, used.length - 1);
  return {
    used: isOvertaken ? [] : used,
    newest: isOvertaken ? undefined : newest,
    refused,
    joinedCount: counted + identical,
    identical,
  };
}

function newerPickup(kept: LineListRow, row: LineListRow): LineListRow {
  if (row.pickupDay > kept.pickupDay) return row;
  return Number.isNaN(kept.pickupDay) && !Number.isNaN(row.pickupDay) ? row : kept;
}

function contradiction(kept: LineListRow, differing: readonly string[]): RowFault {
  const place = kept.sheet === undefined ? `line ${kept.line}` : `row ${kept.line}`;
  return {
    field: '',
    code: 'contradicting_rows',
    message: `says another ${differing.slice(0, 5).join(', ')} of the patient than ${place} of the same snapshot, which counts`,
  };
}
