import { loadModel, type LightGbmModel } from '#engine/index.ts';
import { type EpochDay, isoDate } from '#patients/record/epoch-day.ts';
import { featureIndex } from '#patients/features/features.ts';
import { type ChunkRows, NO_DATE } from '#shared/chunks/payload.ts';
import { facilityRatios } from '#shared/models/facility-ratios.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { Cohort, NO_SHIFT } from '#models/synthetic/cohort.ts';

/** A model with what it takes to score rows. */
export type PoolModel = { manifest: ModelManifest; engine: LightGbmModel };

export function poolModel(text: string, manifest: ModelManifest): PoolModel {
  return { manifest, engine: loadModel(text) };
}

/** SYNTHETIC patients in care on one day, by column, from whom lists are drawn. */
export class PatientPool {
  readonly asOf: string;
  readonly size: number;
  readonly columns: Float64Array[];
  readonly facilities: string[];
  readonly #model: PoolModel;

  /** `serviceSize` is how many patients the whole made-up service has, and so how many facilities. */
  constructor(
    model: PoolModel,
    options: { size: number; seed: number; asOf: EpochDay; serviceSize: number },
  ) {
    const { manifest } = model;
    const { size, seed, asOf } = options;
    this.#model = model;
    this.asOf = isoDate(asOf);
    this.size = size;
    const cohort = new Cohort({
      rows: options.serviceSize,
      seed,
      asOf,
      population: 'active',
      extraHistoryDays: 0,
      shift: NO_SHIFT,
    });
    const ratios = facilityRatios(manifest, true);
    const places = manifest.features.map(({ name }) => featureIndex(name));
    this.columns = places.map(() => new Float64Array(size));
    this.facilities = [];
    for (let row = 0; row < size; row++) {
      cohort.make(row);
      const { facilityId } = cohort.record;
      for (const [feature, place] of places.entries()) this.columns[feature]![row] = cohort.features[place]!;
      if (ratios !== undefined) this.columns[ratios.column]![row] = ratios.of(facilityId);
      this.facilities.push(facilityId);
    }
  }

  column(name: string): Float64Array {
    const at = this.#model.manifest.features.findIndex((feature) => feature.name === name);
    if (at < 0) throw new Error(`the model has no ${name}`);
    return this.columns[at]!;
  }

  /** Numbers of the patients of whom something is so. */
  where(isWanted: (row: number) => boolean): number[] {
    return Array.from({ length: this.size }, (_, row) => row).filter(isWanted);
  }

  /** A list of these patients, as a chunk of a job holds it. `change` may put wrong values in before they are scored. */
  list(rows: readonly number[], change?: (list: PatientList) => void): PatientList {
    const columns = this.columns.map((column) => Float64Array.from(rows, (row) => column[row]!));
    const list = new PatientList(
      this.#model,
      columns,
      rows.map((row) => this.facilities[row]!),
      rows,
    );
    change?.(list);
    return list;
  }
}

/** Rows of one job. */
export class PatientList {
  readonly columns: Float64Array[];
  readonly facilities: readonly string[];
  readonly #numbers: readonly number[];
  readonly #model: PoolModel;

  constructor(
    model: PoolModel,
    columns: Float64Array[],
    facilities: readonly string[],
    numbers: readonly number[],
  ) {
    this.#model = model;
    this.columns = columns;
    this.facilities = facilities;
    this.#numbers = numbers;
  }

  column(name: string): Float64Array {
    return this.columns[this.#model.manifest.features.findIndex((feature) => feature.name === name)]!;
  }

  risks(): Float64Array {
    return this.#model.engine.predictColumns(this.columns);
  }

  chunk(): ChunkRows {
    const rowCount = this.facilities.length;
    const names = [...new Set(this.facilities)];
    const places = new Map(names.map((name, at) => [name, at]));
    const ids = this.#numbers.map((number) => Buffer.from(`SYN-${number}`));
    const offsets = new Uint32Array(rowCount + 1);
    for (const [row, id] of ids.entries()) offsets[row + 1] = offsets[row]! + id.length;
    return {
      rowCount,
      rowNumbers: Int32Array.from({ length: rowCount }, (_, row) => row + 1),
      patientIds: { offsets, bytes: Buffer.concat(ids) },
      facilities: { names, indices: Int32Array.from(this.facilities, (name) => places.get(name)!) },
      dueDates: new Int32Array(rowCount).fill(NO_DATE),
      identifiers: [],
      features: this.columns,
    };
  }
}
