import type { EpochDay } from '#patients/record/epoch-day.ts';
import { Extractor } from '#patients/features/extract.ts';
import { FEATURES } from '#patients/features/features.ts';
import { standing } from '#patients/features/outcome.ts';
import { HISTORY_DAYS } from './effects.ts';
import { Facilities } from './facilities.ts';
import type { Person, Shift } from './person.ts';
import { Simulator } from './simulate.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';

const MAX_ATTEMPTS = 10_000;

/**
 * `active` = patients in care on the as-of date, the nightly cohort · `ever` = everyone with a record, the
 * interrupted, the dead and those transferred out as well: what a model is trained from.
 */
export type PopulationKind = 'active' | 'ever';

export interface CohortOptions {
  readonly rows: number;
  readonly seed: number;
  /** Last day of the data. */
  readonly asOf: EpochDay;
  readonly population: PopulationKind;
  /** Days of records before the as-of date beyond what the features look back on. */
  readonly extraHistoryDays: number;
  readonly shift: Shift;
  /** Share of patients whose history lies elsewhere; `DEFAULT_TRANSFERS_IN` where none is given. */
  readonly transfersIn?: number;
}

/** About what programmes have. */
export const DEFAULT_TRANSFERS_IN = 0.03;

export const NO_SHIFT: Shift = { ages: 0, lateness: 1 };

/** A synthetic cohort, one patient at a time, in constant memory. */
export class Cohort {
  readonly options: CohortOptions;
  readonly features = new Float64Array(FEATURES.length);
  readonly extractor = new Extractor();
  readonly #simulator: Simulator;

  constructor(options: CohortOptions) {
    this.options = options;
    this.#simulator = new Simulator(
      {
        seed: options.seed,
        end: options.asOf,
        historyDays: HISTORY_DAYS + options.extraHistoryDays,
        reportingLag: options.population === 'ever',
        shift: options.shift,
        transfersIn: options.transfersIn ?? DEFAULT_TRANSFERS_IN,
      },
      new Facilities(options.rows),
    );
  }

  get record(): PatientRecord {
    return this.#simulator.record;
  }

  get person(): Person {
    return this.#simulator.person;
  }

  /** Makes patient `index` and, for the active, its `features`. */
  make(index: number): void {
    const { population, asOf } = this.options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (!this.#simulator.simulate(index, attempt)) continue;
      if (population === 'ever') return;
      this.extractor.extract(this.record, asOf, this.features);
      if (standing(this.extractor.history) === 'in_care') return;
    }
    throw new Error(`no patient in care came of ${MAX_ATTEMPTS} draws for index ${index}`);
  }
}
