import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import type { ObservationKind } from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import { featureByName } from '#patients/features/features.ts';
import type { Cohort } from './cohort.ts';
import { REGIMENS } from './effects.ts';
import { Random } from './random.ts';
import type { RowWriter } from './row-writer.ts';

const REGIMEN_NAMES = new Map<number, string>(REGIMENS.map((r) => [regimenCode(r.name), r.name]));
/** Stream of the random numbers that only spoil the message, apart from the patient's life. */
const MESS_STREAM = 0x0bad;

type Coded = (value: number) => string;

const label = (feature: string): Coded => {
  const categories = featureByName(feature)?.categories ?? [];
  return (value) => categories.find((c) => c.code === value)?.label ?? '';
};

/** How each kind of finding is named and worded in a message. */
const FINDINGS: readonly { kind: ObservationKind; variable: string; word: Coded | 'numeric' | 'date' }[] = [
  { kind: 'viralLoad', variable: 'Viral Load', word: 'numeric' },
  { kind: 'whoStage', variable: 'WHO stage', word: (v) => `WHO STAGE ${v} ADULT` },
  {
    kind: 'tbSymptoms',
    variable: 'Tuberculosis symptom',
    word: (v) => (v === 1 ? 'Presumptive TB' : 'No TB symptoms'),
  },
  { kind: 'functionalStatus', variable: 'Functional Status', word: label('functional_status') },
  { kind: 'pregnancy', variable: 'Pregnancy', word: label('pregnancy_status') },
  { kind: 'adherence', variable: 'ARV adherence', word: label('adherence_level') },
  { kind: 'counselling', variable: 'Adherence counseling', word: () => 'Yes' },
  { kind: 'dsdModel', variable: 'DSD model', word: label('dsd_model') },
  { kind: 'artStart', variable: 'ART start date', word: 'date' },
];

/**
 * Writes the patient made last as one line of NMRS JSON, with voided records and voided encounters' leftovers
 * among the true ones. Records that were not typed in by the as-of date are not in the message.
 */
export function writeNmrsMessage(cohort: Cohort, out: RowWriter): void {
  const message = new Message(cohort);
  message.addPickups();
  message.addVisits();
  message.addFindings();
  message.addTerminations();
  message.addVoided();
  out.text(message.line());
}

class Message {
  readonly #cohort: Cohort;
  readonly #end: EpochDay;
  readonly #visits: string[] = [];
  readonly #encounters: string[] = [];
  readonly #obs: string[] = [];
  /** Care card of each day. */
  readonly #careCards = new Map<EpochDay, string>();
  #serial = 0;

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
    this.#end = cohort.options.asOf;
  }

  addPickups(): void {
    const { pickups, observations } = this.#cohort.record;
    for (let i = 0; i < pickups.count; i++) {
      const day = pickups.day[i]!;
      const known = pickups.known[i]!;
      if (!this.#isIn(day, known)) continue;
      const encounter = this.#encounter(day, known, 'Pharmacy Order Form', false);
      const supply = pickups.supply[i]!;
      if (!Number.isNaN(supply)) this.#observe(encounter, day, known, 'Medication duration', supply);
      const regimen = REGIMEN_NAMES.get(pickups.regimen[i]!);
      if (regimen !== undefined) this.#observe(encounter, day, known, 'regimen', regimen);
      const line = pickups.line[i]!;
      if (!Number.isNaN(line)) this.#observe(encounter, day, known, 'Regimen line', line);
      const appointments = observations.nextAppointment;
      for (let j = 0; j < appointments.count; j++)
        if (appointments.day[j] === day && appointments.known[j] === known)
          this.#observe(encounter, day, known, 'Next appointment date', stamp(appointments.value[j]!));
    }
  }

  addVisits(): void {
    const { visits } = this.#cohort.record;
    for (let i = 0; i < visits.count; i++) {
      const day = visits.day[i]!;
      const known = visits.known[i]!;
      if (!this.#isIn(day, known)) continue;
      this.#visit(day, known, false);
      if (visits.value[i] === 1) this.#careCards.set(day, this.#encounter(day, known, 'Care Card', false));
    }
  }

  addFindings(): void {
    const { observations } = this.#cohort.record;
    for (const { kind, variable, word } of FINDINGS) {
      const series = observations[kind];
      for (let i = 0; i < series.count; i++) {
        const day = series.day[i]!;
        const known = series.known[i]!;
        if (!this.#isIn(day, known)) continue;
        const value = series.value[i]!;
        this.#observe(
          this.#careCards.get(day) ?? '',
          day,
          known,
          variable,
          word === 'numeric' ? value : word === 'date' ? isoDate(value) : word(value),
        );
      }
    }
  }

  addTerminations(): void {
    const { observations } = this.#cohort.record;
    for (const [kind, reason] of [
      ['death', 'Death'],
      ['transferOut', 'Transferred Out'],
    ] as const) {
      const series = observations[kind];
      for (let i = 0; i < series.count; i++) {
        const day = series.day[i]!;
        const known = series.known[i]!;
        if (!this.#isIn(day, known)) continue;
        const encounter = this.#encounter(known, known, 'Client Tracking and Termination Form', false);
        this.#observe(encounter, known, known, 'Reason for termination', reason);
        this.#observe(encounter, known, known, 'Date of termination', stamp(day));
      }
    }
  }

  /** Mistakes that somebody took back: they must not count. */
  addVoided(): void {
    const random = new Random().seed(this.#cohort.options.seed, this.#cohort.person.index, MESS_STREAM);
    if (random.chance(0.15)) {
      const day = this.#end - random.below(400);
      const encounter = this.#encounter(day, day, 'Pharmacy Order Form', true);
      this.#observe(encounter, day, day, 'Medication duration', 180);
    }
    if (random.chance(0.1)) this.#visit(this.#end - random.below(400), this.#end, true);
    if (random.chance(0.05))
      this.#observe('', this.#end - random.below(100), this.#end, 'Viral Load', 1_000_000, true);
  }

  line(): string {
    const { record, person } = this.#cohort;
    const { facility } = person;
    const header = JSON.stringify({
      synthetic: true,
      notice: 'SYNTHETIC: nobody in this message exists',
      facilityName: facility.name,
      facilityDatimCode: facility.id,
      facilityState: facility.state,
      facilityLga: facility.lga,
    });
    const demographics = JSON.stringify({
      patientUuid: record.patientId,
      birthdate: Number.isNaN(record.birthDay) ? null : stamp(record.birthDay),
      gender: record.sex === 1 ? 'M' : 'F',
      stateProvince: person.homeState,
      cityVillage: facility.lga,
      phoneNumber: person.phone === '' ? null : person.phone,
    });
    return `{"messageHeader":${header},"messageData":{"demographics":${demographics},"visits":[${this.#visits.join()}],"encounters":[${this.#encounters.join()}],"obs":[${this.#obs.join()}]}}\n`;
  }

  #isIn(day: EpochDay, known: EpochDay): boolean {
    return day <= this.#end && known <= this.#end;
  }

  #visit(day: EpochDay, known: EpochDay, isVoided: boolean): void {
    this.#visits.push(`{"dateStarted":"${stamp(day)}"${created(day, known)},"voided":${isVoided ? 1 : 0}}`);
  }

  #encounter(day: EpochDay, known: EpochDay, form: string, isVoided: boolean): string {
    const id = `${this.#cohort.record.patientId}-e${this.#serial++}`;
    this.#encounters.push(
      `{"encounterUuid":"${id}","encounterDatetime":"${stamp(day)}","pmmForm":"${form}"${created(day, known)},"voided":${isVoided ? 1 : 0}}`,
    );
    return id;
  }

  #observe(
    encounter: string,
    day: EpochDay,
    known: EpochDay,
    variable: string,
    value: number | string,
    isVoided = false,
  ): void {
    const written = typeof value === 'number' ? `"valueNumeric":${value}` : `"valueText":"${value}"`;
    this.#obs.push(
      `{${encounter === '' ? '' : `"encounterUuid":"${encounter}",`}"obsDatetime":"${stamp(day)}","variableName":"${variable}",${written}${created(day, known)},"voided":${isVoided ? 1 : 0}}`,
    );
  }
}

function created(day: EpochDay, known: EpochDay): string {
  return known === day ? '' : `,"dateCreated":"${stamp(known)}"`;
}

function stamp(day: EpochDay): string {
  return `${isoDate(day)} 00:00:00`;
}
