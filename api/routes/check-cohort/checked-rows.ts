import { isoDateOf } from '#patients/record/iso-date.ts';
import type { Besides, CohortWriter } from '#api/ingest/receive-cohort.ts';
import { type ChunkRows, NO_DATE } from '#shared/chunks/payload.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';

const SAMPLE_ROWS = 10;
const SAMPLE_REJECTIONS = 20;

/** Counts a cohort's rows and keeps the first ones; stores nothing. */
export class CheckedRows implements CohortWriter {
  readonly #manifest: ModelManifest;
  #accepted = 0;
  #rejected = 0;
  #joined = 0;
  readonly #codes: Record<string, number> = {};
  readonly #sample: Record<string, unknown>[] = [];
  readonly #rejections: Record<string, unknown>[] = [];

  constructor(manifest: ModelManifest) {
    this.#manifest = manifest;
  }

  chunk(rows: ChunkRows, besides: Besides): void {
    for (let row = 0; row < rows.rowCount && this.#sample.length < SAMPLE_ROWS; row++)
      this.#sample.push(this.#row(rows, row));
    this.#accepted += rows.rowCount;
    this.besides(besides);
  }

  besides({ rejections, joinedRows }: Besides): void {
    this.#rejected += rejections.length;
    this.#joined += joinedRows;
    for (const { rowNo, line, sheet, field, code, message, patientId } of rejections) {
      this.#codes[code] = (this.#codes[code] ?? 0) + 1;
      if (this.#rejections.length < SAMPLE_REJECTIONS) {
        const whose = { sheet: sheet ?? null, patient_id: patientId ?? null };
        this.#rejections.push({ row: rowNo, line, field, code, message, ...whose });
      }
    }
  }

  async ready(): Promise<void> {
    // Nothing waits: nothing is stored. Other requests have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async finish(): Promise<void> {
    // Nothing is under way.
  }

  summary(isWhole: boolean) {
    return {
      rows: {
        read: this.#accepted + this.#rejected + this.#joined,
        accepted: this.#accepted,
        rejected: this.#rejected,
        joined: this.#joined,
        whole_file: isWhole,
      },
      codes: this.#codes,
      sample: this.#sample,
      rejections: this.#rejections,
    };
  }

  #row(rows: ChunkRows, row: number): Record<string, unknown> {
    const { offsets, bytes } = rows.patientIds;
    const features = this.#manifest.features.map(({ name, categories }, index) => {
      const value = rows.features[index]![row]!;
      const label = categories?.find(({ code }) => code === value)?.label;
      return [name, Number.isNaN(value) ? null : (label ?? value)] as const;
    });
    return {
      row: rows.rowNumbers[row],
      patient_id: Buffer.from(bytes.subarray(offsets[row], offsets[row + 1])).toString(),
      facility_id: rows.facilities.names[rows.facilities.indices[row]!] ?? null,
      due_date: rows.dueDates[row] === NO_DATE ? null : isoDateOf(rows.dueDates[row]!),
      ...Object.fromEntries(
        rows.identifiers.map(({ name, texts, indices }) => [name, texts[indices[row]!] ?? null]),
      ),
      features: Object.fromEntries(features.filter(([, value]) => value !== null)),
    };
  }
}
