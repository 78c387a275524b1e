import { type ChunkRows, NO_DATE, NO_TEXT } from '#shared/chunks/payload.ts';

/** The rows without the patient at these places: no id, no due date, no identifiers, no inputs. The facility stays, for its counts. */
export function withoutPatients(rows: ChunkRows, places: ReadonlySet<number>): ChunkRows {
  const { offsets, bytes } = rows.patientIds;
  const ids = Array.from({ length: rows.rowCount }, (_, row) =>
    places.has(row) ? EMPTY : bytes.subarray(offsets[row], offsets[row + 1]),
  );
  const kept = new Uint32Array(rows.rowCount + 1);
  for (const [row, id] of ids.entries()) kept[row + 1] = (kept[row] as number) + id.length;
  return {
    ...rows,
    patientIds: { offsets: kept, bytes: Buffer.concat(ids) },
    dueDates: rows.dueDates.map((day, row) => (places.has(row) ? NO_DATE : day)),
    identifiers: rows.identifiers.map(({ name, texts, indices }) => {
      const left = indices.map((index, row) => (places.has(row) ? NO_TEXT : index));
      const used = new Set(left);
      return { name, texts: texts.map((text, index) => (used.has(index) ? text : '')), indices: left };
    }),
    features: rows.features.map((column) => column.map((value, row) => (places.has(row) ? NaN : value))),
  };
}

/** Places of the rows of a patient. */
export function placesOf(rows: Pick<ChunkRows, 'rowCount' | 'patientIds'>, patientId: string): Set<number> {
  const id = Buffer.from(patientId);
  const { offsets, bytes } = rows.patientIds;
  const places = new Set<number>();
  for (let row = 0; row < rows.rowCount; row++) {
    const start = offsets[row] as number;
    if ((offsets[row + 1] as number) - start !== id.length) continue;
    if (id.equals(bytes.subarray(start, start + id.length))) places.add(row);
  }
  return places;
}

const EMPTY = new Uint8Array();
