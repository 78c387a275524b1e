import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import type { Drug, Line, MessageSink, Place } from './message-sink.ts';
import { type Answer, DRUG_GROUPS, type Question } from './nmrs-vocabulary.ts';

const CIEL = 'https://cielterminology.org';
const LOINC = 'http://loinc.org';
/** HIV 1 RNA in plasma, copies/mL. Source: loinc.org. */
const VIRAL_LOAD = '20447-9';
const VIRAL_LOAD_CONCEPT = 856;
const VISIT_TYPES = 'http://fhir.openmrs.org/code-system/visit-type';
const ENCOUNTER_CLASSES = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
/** Encounter.class of forms written without the patient in the room; all others are ambulatory. */
const CLASSES: Readonly<Record<string, string>> = {
  'Missed appointment phone call': 'VR',
  'Defaulter home visit': 'HH',
};
/** Every so many dispensings say the tablets, one a day, and not the days. */
const DISPENSES_A_QUANTITY = 5;

type Resource = Readonly<Record<string, unknown>>;

/** A patient's FHIR R4 resources under way, without the Patient: each drug of a form a MedicationDispense. */
export class FhirResources implements MessageSink {
  readonly #patientId: string;
  readonly #resources: Resource[] = [];
  #serial = 0;

  constructor(patientId: string) {
    this.#patientId = patientId;
  }

  visit(day: EpochDay, _known: EpochDay, isVoided = false): void {
    this.#encounter(day, isVoided, 'AMB', { coding: [{ system: VISIT_TYPES, display: 'Facility Visit' }] });
  }

  form(name: string, day: EpochDay, _known: EpochDay, isVoided = false): string {
    return this.#encounter(day, isVoided, CLASSES[name] ?? 'AMB', { text: name });
  }

  dispense({ form, day, isVoided = false }: Place, drugs: readonly Drug[], line?: Line): void {
    for (const drug of drugs) {
      const serial = this.#serial++;
      const supply = Number.isNaN(drug.days)
        ? {}
        : serial % DISPENSES_A_QUANTITY === 0
          ? { quantity: { value: drug.days, unit: 'TAB' }, dosageInstruction: [ONCE_A_DAY] }
          : {
              daysSupply: { value: drug.days, unit: 'days', system: 'http://unitsofmeasure.org', code: 'd' },
            };
      this.#add('MedicationDispense', serial, {
        status: isVoided ? 'entered-in-error' : 'completed',
        ...(line === undefined || drug.group !== DRUG_GROUPS.arv
          ? {}
          : { category: { text: line.answer.word } }),
        medicationCodeableConcept: conceptOf(drug),
        subject: this.#patient,
        context: { reference: `Encounter/${form}` },
        whenHandedOver: isoDate(day),
        ...supply,
      });
    }
  }

  number(place: Place, question: Question, value: number): void {
    this.#observe(place, question, { valueQuantity: { value, unit: 'copies/mL' } });
  }

  answer(place: Place, question: Question, answer: Answer): void {
    this.#observe(place, question, { valueCodeableConcept: conceptOf(answer) });
  }

  date(place: Place, question: Question, value: EpochDay): void {
    this.#observe(place, question, { valueDateTime: isoDate(value) });
  }

  /** The resources, one a line. */
  lines(): string {
    return this.#resources.map((resource) => `${JSON.stringify(resource)}\n`).join('');
  }

  get #patient(): Resource {
    return { reference: `Patient/${this.#patientId}` };
  }

  #encounter(day: EpochDay, isVoided: boolean, code: string, type: Resource): string {
    return this.#add('Encounter', this.#serial++, {
      status: isVoided ? 'entered-in-error' : 'finished',
      class: { system: ENCOUNTER_CLASSES, code },
      type: [type],
      subject: this.#patient,
      period: { start: isoDate(day) },
    });
  }

  #observe({ form, day, known, isVoided = false }: Place, question: Question, value: Resource): void {
    const isViralLoad = question.concept === VIRAL_LOAD_CONCEPT;
    this.#add('Observation', this.#serial++, {
      status: isVoided ? 'entered-in-error' : 'final',
      code: isViralLoad
        ? { coding: [{ system: LOINC, code: VIRAL_LOAD }], text: question.variable }
        : conceptOf({ word: question.variable, concept: question.concept }),
      subject: this.#patient,
      ...(form === '' ? {} : { encounter: { reference: `Encounter/${form}` } }),
      effectiveDateTime: isoDate(day),
      issued: `${isoDate(known)}T12:00:00+01:00`,
      ...value,
    });
  }

  #add(resourceType: string, serial: number, rest: Resource): string {
    const id = `${this.#patientId}-${serial}`;
    this.#resources.push({ resourceType, id, ...rest });
    return id;
  }
}

const ONCE_A_DAY = {
  timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
  doseAndRate: [{ doseQuantity: { value: 1 } }],
};

function conceptOf({ word, concept }: Answer): Resource {
  return concept > 0
    ? { coding: [{ system: CIEL, code: String(concept), display: word }], text: word }
    : { text: word };
}
