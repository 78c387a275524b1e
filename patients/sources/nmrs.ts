import { parseIsoDay, type EpochDay } from '#patients/record/epoch-day.ts';
import {
  addPickup,
  addToSeries,
  clearRecord,
  emptyRecord,
  type ObservationKind,
  type PatientRecord,
} from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import { FieldFault } from './patient-input.ts';
import { readSupply, readViralLoad, WORDINGS, type Vocabulary } from './wording.ts';

const LONGEST_ID = 64;
const LONGEST_SUPPLY_DAYS = 730;
const PHARMACY_FORM = /pharmacy/i;
const NO_CONTACT_FORM = /tracking|termination/i;

/** Where an observation goes, by its variable name or NMRS concept id. */
type Target =
  | { readonly to: 'supply' | 'regimen' | 'line' | 'terminationReason' | 'terminationDate' | 'viralLoad' }
  | { readonly to: 'date'; readonly kind: ObservationKind }
  | { readonly to: 'mark'; readonly kind: ObservationKind }
  | { readonly to: 'coded'; readonly kind: ObservationKind; readonly read: Vocabulary; readonly max: number };

const TARGETS: readonly (readonly [Target, ...(string | number)[]])[] = [
  [{ to: 'supply' }, 'medication duration', 159_368],
  [{ to: 'regimen' }, 'regimen', 'medication dispensed', 'arv regimen', 162_240, 165_681],
  [{ to: 'line' }, 'regimen line', 'current regimen line', 165_708, 165_724],
  [{ to: 'date', kind: 'nextAppointment' }, 'next appointment date', 'next appointment', 5096],
  [{ to: 'date', kind: 'artStart' }, 'art start date', 'date started on art', 159_599],
  [{ to: 'viralLoad' }, 'viral load', 'hiv viral load', 856],
  [
    { to: 'coded', kind: 'whoStage', read: WORDINGS.whoStage, max: 4 },
    'who stage',
    'current who hiv stage',
    5356,
  ],
  [
    { to: 'coded', kind: 'tbSymptoms', read: WORDINGS.tbSymptoms, max: 1 },
    'tuberculosis symptom',
    'tuberculosis symptoms',
    'tb status',
    1659,
  ],
  [
    { to: 'coded', kind: 'functionalStatus', read: WORDINGS.functionalStatus, max: 2 },
    'functional status',
    165_039,
  ],
  [
    { to: 'coded', kind: 'pregnancy', read: WORDINGS.pregnancy, max: 2 },
    'pregnancy',
    'pregnancy status',
    'pregnancy/breastfeeding status',
    165_050,
  ],
  [
    { to: 'coded', kind: 'adherence', read: WORDINGS.adherence, max: 2 },
    'arv adherence',
    'adherence',
    165_290,
  ],
  [{ to: 'mark', kind: 'counselling' }, 'adherence counseling', 'adherence counselling'],
  [
    { to: 'coded', kind: 'dsdModel', read: WORDINGS.dsdModel, max: 4 },
    'dsd model',
    'differentiated service delivery',
  ],
  [{ to: 'terminationReason' }, 'reason for termination', 165_470],
  [{ to: 'terminationDate' }, 'date of termination', 165_469],
];

const TARGET_BY_NAME = new Map<string | number, Target | undefined>();
for (const [target, ...names] of TARGETS) for (const name of names) TARGET_BY_NAME.set(name, target);
const MOST_NAMES = 5000;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads NMRS patient messages (OpenMRS) into one record that is filled again and again. Voided records and
 * observations of voided encounters never count. A record counts from the day on which it was typed in
 * (`dateCreated`, where the export has it). Unreadable dates and numbers refuse the patient, by their path;
 * a supply of 0 or of more than two years counts as not written down.
 */
export class NmrsReader {
  readonly record: PatientRecord = emptyRecord();
  /** Encounter → index of its pickup, -1 for another encounter, -2 for a voided one. */
  readonly #encounters = new Map<string, number>();
  readonly #encounterKnown = new Map<string, EpochDay>();
  readonly #terminations = new Map<
    string,
    { code: number; day: EpochDay; seen: EpochDay; known: EpochDay }
  >();

  /** Fills `record` from a parsed message. Throws `FieldFault`. */
  read(message: unknown): PatientRecord {
    const { record } = this;
    clearRecord(record);
    this.#encounters.clear();
    this.#encounterKnown.clear();
    this.#terminations.clear();
    const root = objectAt(message, '');
    const data = objectAt(root['messageData'], 'messageData');
    const header =
      root['messageHeader'] === undefined ? {} : objectAt(root['messageHeader'], 'messageHeader');
    this.#readDemographics(objectAt(data['demographics'], 'messageData.demographics'), header);
    this.#readVisits(arrayAt(data['visits'], 'messageData.visits'));
    this.#readEncounters(arrayAt(data['encounters'], 'messageData.encounters'));
    this.#readObservations(arrayAt(data['obs'], 'messageData.obs'));
    this.#settleTerminations();
    return record;
  }

  #readDemographics(person: Json, header: Json): void {
    const { record } = this;
    record.patientId = identifier(person['patientUuid'], 'messageData.demographics.patientUuid', true);
    record.facilityId = identifier(
      header['facilityDatimCode'] ?? person['facilityDatimCode'],
      'messageHeader.facilityDatimCode',
      false,
    );
    const birth = person['birthdate'];
    if (!isBlank(birth)) record.birthDay = dayAt(birth, 'messageData.demographics.birthdate');
    const sex = person['gender'];
    if (typeof sex === 'string') record.sex = WORDINGS.sex(sex);
    if ('phoneNumber' in person) record.hasPhone = isBlank(person['phoneNumber']) ? 0 : 1;
    const home = person['stateProvince'];
    const site = header['facilityState'];
    if (typeof home === 'string' && typeof site === 'string' && home !== '' && site !== '')
      record.outOfCatchment =
        home === site || home.trim().toLowerCase() === site.trim().toLowerCase() ? 0 : 1;
  }

  #readVisits(visits: readonly unknown[]): void {
    for (let i = 0; i < visits.length; i++) {
      const visit = objectIn(visits, i, 'messageData.visits');
      if (isVoided(visit['voided'])) continue;
      const day = dayIn(visit['dateStarted'], 'messageData.visits', i, 'dateStarted');
      addToSeries(this.record.visits, day, knownDay(visit['dateCreated'], day), 0);
    }
  }

  #readEncounters(encounters: readonly unknown[]): void {
    const { pickups, visits } = this.record;
    for (let i = 0; i < encounters.length; i++) {
      const encounter = objectIn(encounters, i, 'messageData.encounters');
      const id = encounter['encounterUuid'];
      if (isVoided(encounter['voided'])) {
        if (typeof id === 'string') this.#encounters.set(id, -2);
        continue;
      }
      const form = encounter['pmmForm'];
      const day = dayIn(encounter['encounterDatetime'], 'messageData.encounters', i, 'encounterDatetime');
      const known = knownDay(encounter['dateCreated'], day);
      const isPharmacy =
        form === 'Pharmacy Order Form' || (typeof form === 'string' && PHARMACY_FORM.test(form));
      if (typeof id === 'string') {
        this.#encounters.set(id, isPharmacy ? pickups.count : -1);
        if (known !== day) this.#encounterKnown.set(id, known);
      }
      if (isPharmacy) addPickup(pickups, day, known, Number.NaN, -1, Number.NaN);
      else if (typeof form === 'string' && NO_CONTACT_FORM.test(form)) continue;
      addToSeries(visits, day, known, isPharmacy ? 0 : 1);
    }
  }

  #readObservations(obs: readonly unknown[]): void {
    for (let i = 0; i < obs.length; i++) {
      const entry = objectIn(obs, i, 'messageData.obs');
      const target = targetOf(entry['variableName'], entry['conceptId']);
      if (target === undefined || isVoided(entry['voided'])) continue;
      const id = entry['encounterUuid'];
      const encounter = typeof id === 'string' ? this.#encounters.get(id) : undefined;
      if (encounter === -2) continue;
      this.#observe(entry, i, target, typeof id === 'string' ? id : '', encounter ?? -1);
    }
  }

  #observe(entry: Json, i: number, target: Target, id: string, encounter: number): void {
    const day = dayIn(entry['obsDatetime'], 'messageData.obs', i, 'obsDatetime');
    const inherited = this.#encounterKnown.size === 0 ? undefined : this.#encounterKnown.get(id);
    const created = entry['dateCreated'];
    const known = created === undefined && inherited !== undefined ? inherited : knownDay(created, day);
    const { observations } = this.record;
    switch (target.to) {
      case 'supply':
      case 'regimen':
      case 'line':
        this.#dispense(entry, i, target.to, encounter >= 0 ? encounter : this.#pickupOn(day));
        return;
      case 'viralLoad': {
        const value = numberOf(entry, i, readViralLoad);
        if (value >= 0) addToSeries(observations.viralLoad, day, known, value);
        return;
      }
      case 'date': {
        const written = entry['valueDatetime'] ?? entry['valueText'];
        if (!isBlank(written))
          addToSeries(
            observations[target.kind],
            day,
            known,
            dayIn(written, 'messageData.obs', i, 'valueText'),
          );
        return;
      }
      case 'mark':
        if (!/^(no|false|0)$/i.test(wordOf(entry))) addToSeries(observations[target.kind], day, known, 1);
        return;
      case 'coded': {
        const numeric = entry['valueNumeric'];
        const isCode =
          typeof numeric === 'number' && Number.isInteger(numeric) && numeric >= 0 && numeric <= target.max;
        const value = isCode ? numeric : target.read(wordOf(entry));
        if (!Number.isNaN(value)) addToSeries(observations[target.kind], day, known, value);
        return;
      }
      case 'terminationReason':
      case 'terminationDate':
        this.#terminate(entry, i, target.to, id, day, known);
        return;
    }
  }

  #dispense(entry: Json, i: number, what: 'supply' | 'regimen' | 'line', pickup: number): void {
    const { pickups } = this.record;
    if (pickup < 0) return;
    if (what === 'regimen') {
      const code = regimenCode(wordOf(entry));
      if (code >= 0) pickups.regimen[pickup] = code;
    } else if (what === 'line') {
      const numeric = entry['valueNumeric'];
      const line =
        numeric === 1 || numeric === 2 || numeric === 3 ? numeric : WORDINGS.regimenLine(wordOf(entry));
      if (!Number.isNaN(line)) pickups.line[pickup] = line;
    } else {
      const days = numberOf(entry, i, readSupply);
      if (days > 0 && days <= LONGEST_SUPPLY_DAYS) pickups.supply[pickup] = Math.round(days);
    }
  }

  /** Pickup of a day, for observations that name no encounter. */
  #pickupOn(day: EpochDay): number {
    const { pickups } = this.record;
    for (let i = 0; i < pickups.count; i++) if (pickups.day[i] === day) return i;
    return -1;
  }

  #terminate(
    entry: Json,
    i: number,
    what: 'terminationReason' | 'terminationDate',
    id: string,
    seen: EpochDay,
    known: EpochDay,
  ): void {
    let termination = this.#terminations.get(id);
    if (!termination) {
      termination = { code: 0, day: Number.NaN, seen, known };
      this.#terminations.set(id, termination);
    }
    if (what === 'terminationReason') termination.code = WORDINGS.termination(wordOf(entry));
    else {
      const written = entry['valueDatetime'] ?? entry['valueText'];
      if (!isBlank(written)) termination.day = dayIn(written, 'messageData.obs', i, 'valueText');
    }
  }

  #settleTerminations(): void {
    const { observations } = this.record;
    for (const { code, day, seen, known } of this.#terminations.values()) {
      const kind = code === 1 ? 'death' : code === 2 ? 'transferOut' : undefined;
      if (kind) addToSeries(observations[kind], Number.isNaN(day) ? seen : day, known, 1);
    }
  }
}

function targetOf(name: unknown, conceptId: unknown): Target | undefined {
  if (typeof name === 'string') {
    const target = TARGET_BY_NAME.get(name);
    if (target !== undefined || TARGET_BY_NAME.has(name)) return target ?? targetOf(undefined, conceptId);
    const found = TARGET_BY_NAME.get(name.trim().toLowerCase());
    // Exports repeat a few hundred names: each spelling is folded once.
    if (TARGET_BY_NAME.size < MOST_NAMES) TARGET_BY_NAME.set(name, found);
    if (found !== undefined) return found;
  }
  return typeof conceptId === 'number' ? TARGET_BY_NAME.get(conceptId) : undefined;
}

function wordOf(entry: Json): string {
  const text = entry['valueText'];
  if (typeof text === 'string' && text !== '') return text;
  const coded = entry['valueCoded'];
  return typeof coded === 'string' ? coded : typeof coded === 'number' ? String(coded) : '';
}

function numberOf(entry: Json, i: number, read: (text: string) => number | undefined): number {
  const numeric = entry['valueNumeric'];
  if (typeof numeric === 'number' && Number.isFinite(numeric)) return numeric;
  const field = `messageData.obs[${i}].${isBlank(numeric) ? 'valueText' : 'valueNumeric'}`;
  const text = isBlank(numeric) ? wordOf(entry) : String(numeric);
  if (text === '') return Number.NaN;
  const value = read(text);
  if (value === undefined) throw new FieldFault(field, 'bad_number', 'is not a number');
  return value;
}

function knownDay(created: unknown, day: EpochDay): EpochDay {
  if (typeof created !== 'string') return day;
  const known = parseIsoDay(created);
  return known > day ? known : day;
}

function isVoided(voided: unknown): boolean {
  return voided === 1 || voided === true || voided === '1' || voided === 'true';
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function dayIn(value: unknown, list: string, i: number, field: string): EpochDay {
  const day = typeof value === 'string' ? parseIsoDay(value) : Number.NaN;
  return Number.isNaN(day) ? dayAt(value, `${list}[${i}].${field}`) : day;
}

function dayAt(value: unknown, field: string): EpochDay {
  if (isBlank(value)) throw new FieldFault(field, 'missing_field', 'a date is needed');
  const day = typeof value === 'string' ? parseIsoDay(value) : Number.NaN;
  if (Number.isNaN(day)) throw new FieldFault(field, 'bad_date', 'is not a date YYYY-MM-DD HH:MM:SS');
  return day;
}

function identifier(value: unknown, field: string, isNeeded: boolean): string {
  if (isBlank(value)) {
    if (isNeeded) throw new FieldFault(field, 'missing_field', 'an identifier is needed');
    return '';
  }
  if (typeof value !== 'string') throw new FieldFault(field, 'bad_type', 'must be a string');
  if (value.length > LONGEST_ID)
    throw new FieldFault(field, 'bad_value', `is longer than ${LONGEST_ID} characters`);
  return value;
}

function objectAt(value: unknown, field: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FieldFault(
      field,
      value === undefined ? 'missing_field' : field === '' ? 'not_an_object' : 'bad_type',
      'must be an object',
    );
  return value as Json;
}

function objectIn(list: readonly unknown[], i: number, name: string): Json {
  const value = list[i];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : objectAt(value, `${name}[${i}]`);
}

function arrayAt(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new FieldFault(field, 'bad_type', 'must be an array');
  return value;
}
