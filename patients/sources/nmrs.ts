import type { EpochDay } from '../record/epoch-day.ts';
import type { Identifiers } from '../record/identifiers.ts';
import {
  addPickup,
  addToSeries,
  clearRecord,
  emptyRecord,
  type ObservationKind,
  type PatientRecord,
} from '../record/patient-record.ts';
import { readBoolean } from '../values/booleans.ts';
import type { DateOrder } from '../values/dates.ts';
import { isMissing } from '../values/missing.ts';
import { readSex } from '../values/sex.ts';
import { LAGOS, type TimeZone } from '../values/time-zone.ts';
import { Dispensings } from './dispensings.ts';
import { type Exit, readExit } from './findings.ts';
import { MessageDates } from './message-dates.ts';
import {
  answerOf,
  codedOf,
  drugOf,
  lineOf,
  saysTransferredIn,
  supplyOf,
  viralLoadOf,
  wasHeld,
  wordOf,
} from './nmrs-answers.ts';
import {
  conceptOf,
  type DispensingTarget,
  DRUG_GROUPS,
  EXIT_ANSWERS,
  type FindingTarget,
  isDispensing,
  targetOf,
} from './nmrs-concepts.ts';
import {
  arrayAt,
  dateTexts,
  identifier,
  identifiersOf,
  isBlank,
  isObject,
  type Json,
  keyOf,
  kindOf,
  namedGroup,
  objectAt,
  objectOr,
  valueDate,
} from './nmrs-entry.ts';
import { formKind, type FormKind } from './nmrs-forms.ts';
import { FieldFault } from './patient-input.ts';
import { plainText } from './plain-text.ts';
import { type WarningCode, WarningCounter } from './warning-codes.ts';

const MAX_SUPPLY_DAYS = 730;
/** No pack of ARVs lasts less than a week: a smaller bare number is months, unless other dates show days. */
const MIN_DAYS_OF_BARE_SUPPLY = 7;
const DAYS_A_MONTH = 30;
/** A pickup or appointment so soon after a small supply shows that it was days. */
const SHOWS_DAYS_WITHIN = 14;
/** On ART for longer than this before the first pickup on record: the patient came from somewhere else. */
const UNSEEN_ON_ART_DAYS = 60;
/** 1910-01-01: nobody in care is older; an earlier birth is a typing error. */
const OLDEST_BIRTH = -21_915;
/** 1980-01-01: nobody was in HIV care before. */
const FIRST_PLAUSIBLE_DAY = 3652;
const MAX_GROUP_DEPTH = 8;

export type NmrsReaderOptions = {
  /** Where instants with an offset have their day. */
  zone?: TimeZone;
  /** Records dated after this day are typing errors: not counted, and warned of. Default: none are. */
  today?: EpochDay;
  /** How the messages write day and month, where somebody has said it. */
  dateOrder?: DateOrder | undefined;
};

type Encounter = { kind: FormKind; day: EpochDay; known: EpochDay; form: number; isVoided: boolean };
type Termination = { exit: Exit; day: EpochDay; seen: EpochDay; known: EpochDay };

const SMALLEST_YEAR = /^\s*(\d{4})(?:-(\d{2}))?\s*$/u;

/**
 * Reads NMRS patient messages (OpenMRS) into one record that is filled again and again. Voided records and
 * observations of voided encounters never count. A record counts from the day on which it was typed in
 * (`dateCreated`, where the export has it). Only what makes a patient or a pickup refuses the message, by its path; any other
 * odd value counts as missing and is counted in `warnings`.
 */
export class NmrsReader {
  readonly record: PatientRecord = emptyRecord();
  readonly warnings = new WarningCounter();
  readonly #dates: MessageDates;
  readonly #today: EpochDay;
  readonly #dispensings = new Dispensings();
  readonly #encounters = new Map<string, Encounter>();
  /** Pharmacy encounters, by the number of their form in `#dispensings`. */
  readonly #forms: Encounter[] = [];
  /** Days as written, for which it is still to be seen whether they are months; by pickup. */
  readonly #bare: number[] = [];
  readonly #terminations = new Map<string, Termination>();
  #wasTransferredIn = false;
  #diedOn: EpochDay | undefined;
  #identifiers: Identifiers = {};

  constructor({ zone = LAGOS, today = Number.POSITIVE_INFINITY, dateOrder }: NmrsReaderOptions = {}) {
    this.#dates = new MessageDates(zone, dateOrder);
    this.#today = today;
  }

  /** Fills `record` from a parsed message. Throws `FieldFault`; `record` then holds the ids that were read. */
  read(message: unknown): PatientRecord {
    const { record } = this;
    clearRecord(record);
    this.#encounters.clear();
    this.#forms.length = 0;
    this.#bare.length = 0;
    this.#terminations.clear();
    this.#dispensings.clear();
    this.#wasTransferredIn = false;
    this.#diedOn = undefined;
    const root = objectAt(message, '');
    const data = objectAt(root['messageData'] ?? ('demographics' in root ? root : undefined), 'messageData');
    const header = objectOr(root['messageHeader']);
    const visits = arrayAt(data['visits'], 'messageData.visits');
    const encounters = arrayAt(data['encounters'], 'messageData.encounters');
    const obs = arrayAt(data['obs'], 'messageData.obs');
    this.#dates.begin(() => dateTexts(data, visits, encounters, obs));
    this.#readDemographics(objectAt(data['demographics'], 'messageData.demographics'), header);
    this.#readEncounters(encounters, obs);
    this.#readVisits(visits);
    for (let i = 0; i < obs.length; i++) this.#readObservation(obs[i], i, undefined, undefined, 0);
    for (const encounter of encounters) this.#readNested(encounter);
    this.#settlePickups();
    this.#settleTerminations();
    this.#settleHistory();
    return record;
  }

  /** What people work with beside the id, of the message read last. */
  identifiers(): Identifiers {
    return this.#identifiers;
  }

  readonly #warn = (code: WarningCode): void => this.warnings.warn(code);

  #readDemographics(person: Json, header: Json): void {
    const { record } = this;
    record.patientId = identifier(person['patientUuid'], 'messageData.demographics.patientUuid', true);
    record.facilityId = identifier(
      header['facilityDatimCode'] ?? person['facilityDatimCode'],
      'messageHeader.facilityDatimCode',
      false,
    );
    record.birthDay = this.#birthDay(person['birthdate']);
    const sex = person['gender'];
    if (typeof sex === 'string') {
      const read = readSex(plainText(sex));
      if (read === undefined) this.#warn('unreadable_value');
      else record.sex = read;
    }
    if ('phoneNumber' in person) record.hasPhone = isBlank(person['phoneNumber']) ? 0 : 1;
    const home = person['stateProvince'];
    const site = header['facilityState'];
    if (typeof home === 'string' && typeof site === 'string' && !isBlank(home) && !isBlank(site))
      record.outOfCatchment = home === site || plainText(home) === plainText(site) ? 0 : 1;
    this.#identifiers = identifiersOf(person, header);
    const dead = person['dead'];
    if (dead !== undefined && isYes(dead)) this.#diedOn = this.#dates.read(person['deathDate']);
  }

  #birthDay(birth: unknown): EpochDay {
    const part = typeof birth === 'string' ? SMALLEST_YEAR.exec(birth.slice(0, 20)) : null;
    if (part !== null) {
      this.#warn('birth_date_estimated');
      return this.#dates.read(`${part[1]}-${part[2] ?? '07'}-${part[2] === undefined ? '01' : '15'}`);
    }
    const day = this.#dates.read(birth);
    if (Number.isNaN(day)) {
      if (this.#dates.fault !== 'missing') this.#warnOfDate();
    } else if (day < OLDEST_BIRTH) {
      this.#warn('implausible_date');
      return Number.NaN;
    }
    return day;
  }

  #warnOfDate(): void {
    this.#warn(this.#dates.fault === 'ambiguous' ? 'ambiguous_date' : 'unreadable_date');
  }

  /** Day of a record that may be left out: `NaN`, with a warning, where it has none that counts. */
  #eventDay(value: unknown): EpochDay {
    const day = this.#dates.read(value);
    if (day >= FIRST_PLAUSIBLE_DAY && day <= this.#today) return day;
    if (Number.isNaN(day)) {
      if (this.#dates.fault === 'missing') this.#warn('record_without_date');
      else this.#warnOfDate();
    } else this.#warn(day > this.#today ? 'future_record' : 'implausible_date');
    return Number.NaN;
  }

  #knownDay(created: unknown, day: EpochDay): EpochDay {
    if (created === undefined || created === null) return day;
    const known = this.#dates.read(created);
    return known > day ? known : day;
  }

  /** Whether a record counts: not voided, and readably so. */
  #counts(voided: unknown): boolean {
    if (voided === undefined || voided === null || voided === 0 || voided === false) return true;
    if (voided === 1 || voided === true) return false;
    const bit = bitOf(voided);
    const answer = typeof bit === 'object' ? undefined : readBoolean(plainText(`${bit as string | number}`));
    if (answer === 0 || Number.isNaN(answer)) return true;
    if (
      answer === undefined &&
      !(typeof voided === 'string' && /^(?:voided|deleted|void)$/iu.test(voided.trim()))
    )
      this.#warn('unreadable_voided');
    return false;
  }

  #readEncounters(encounters: readonly unknown[], obs: readonly unknown[]): void {
    for (let i = 0; i < encounters.length; i++) {
      const encounter = encounters[i];
      if (!isObject(encounter)) {
        this.#warn('not_a_record');
        continue;
      }
      const id = keyOf(encounter['encounterUuid'] ?? encounter['encounterId']);
      if (!this.#counts(encounter['voided'])) {
        if (id !== '')
          this.#encounters.set(id, {
            kind: 'unknown',
            day: Number.NaN,
            known: Number.NaN,
            form: -1,
            isVoided: true,
          });
        continue;
      }
      this.#readEncounter(encounter, i, id, obs);
    }
  }

  #readEncounter(encounter: Json, i: number, id: string, obs: readonly unknown[]): void {
    const kind = kindOf(encounter);
    if (kind === 'unknown') this.#warn('encounter_without_form');
    const day =
      kind === 'pharmacy'
        ? this.#pharmacyDay(encounter['encounterDatetime'], i, id, obs)
        : this.#eventDay(encounter['encounterDatetime']);
    if (Number.isNaN(day)) {
      if (id !== '' && kind === 'pharmacy')
        this.#encounters.set(id, { kind: 'unknown', day, known: day, form: -1, isVoided: true });
      return;
    }
    const known = this.#knownDay(encounter['dateCreated'], day);
    const read: Encounter = { kind, day, known, form: -1, isVoided: false };
    if (kind === 'pharmacy') {
      read.form = this.#forms.length;
      this.#forms.push(read);
    }
    if (id !== '') this.#encounters.set(id, read);
    if (kind === 'pharmacy') addToSeries(this.record.visits, day, known, 0);
    else if (kind === 'care' || kind === 'contact') addToSeries(this.record.visits, day, known, 1);
  }

  /** Without the day of a pickup nobody knows the due date: an observation of the form may tell it, else the patient is refused. */
  #pharmacyDay(written: unknown, i: number, id: string, obs: readonly unknown[]): EpochDay {
    const day = this.#dates.read(written);
    if (day > this.#today) {
      this.#warn('future_pickup');
      return Number.NaN;
    }
    if (day >= FIRST_PLAUSIBLE_DAY) return day;
    const { fault } = this.#dates;
    if (id !== '') {
      for (const entry of obs) {
        if (!isObject(entry) || keyOf(entry['encounterUuid'] ?? entry['encounterId']) !== id) continue;
        const seen = this.#dates.read(entry['obsDatetime']);
        if (seen >= FIRST_PLAUSIBLE_DAY && seen <= this.#today) return seen;
      }
    }
    const field = `messageData.encounters[${i}].encounterDatetime`;
    if (!Number.isNaN(day)) throw new FieldFault(field, 'bad_date', 'lies before 1980');
    if (fault === 'missing') throw new FieldFault(field, 'missing_field', 'a dispensing needs its date');
    throw fault === 'ambiguous'
      ? new FieldFault(
          field,
          'ambiguous_date',
          'the day could be the month, and no other date of the message tells: write YYYY-MM-DD',
        )
      : new FieldFault(field, 'bad_date', 'is not a date such as YYYY-MM-DD HH:MM:SS');
  }

  /** A visit on a day on which only forms without the patient were written is one of those forms. */
  #readVisits(visits: readonly unknown[]): void {
    let absent: Set<EpochDay> | undefined;
    for (const { kind, day } of this.#encounters.values())
      if (kind === 'absent') (absent ??= new Set()).add(day);
    if (absent !== undefined)
      for (const { kind, day, isVoided } of this.#encounters.values())
        if (kind !== 'absent' && !isVoided) absent.delete(day);
    for (let i = 0; i < visits.length; i++) {
      const visit = visits[i];
      if (!isObject(visit)) {
        this.#warn('not_a_record');
        continue;
      }
      if (!this.#counts(visit['voided'])) continue;
      const day = this.#eventDay(visit['dateStarted']);
      if (Number.isNaN(day) || absent?.has(day) === true) continue;
      addToSeries(this.record.visits, day, this.#knownDay(visit['dateCreated'], day), 0);
    }
  }

  /** Exports that keep an encounter's observations inside it. */
  #readNested(encounter: unknown): void {
    if (!isObject(encounter) || !Array.isArray(encounter['obs'])) return;
    const id = keyOf(encounter['encounterUuid'] ?? encounter['encounterId']);
    for (const [i, entry] of (encounter['obs'] as readonly unknown[]).entries())
      this.#readObservation(entry, i, id, undefined, 0);
  }

  #readObservation(
    entry: unknown,
    i: number,
    inherited: string | undefined,
    group: string | undefined,
    depth: number,
  ): void {
    if (!isObject(entry)) {
      this.#warn('not_a_record');
      return;
    }
    const target = targetOf(entry['variableName'], entry['conceptId']);
    const members = entry['groupMembers'];
    if ((target === undefined && members === undefined) || !this.#counts(entry['voided'])) return;
    const id = keyOf(entry['encounterUuid'] ?? entry['encounterId']) || (inherited ?? '');
    const encounter = id === '' ? undefined : this.#encounters.get(id);
    if (encounter?.isVoided === true) return;
    const own = keyOf(entry['obsGroupUuid'] ?? entry['obsGroupId'] ?? entry['obsGroup']);
    const groupId = own === '' || own === '0' ? group : own;
    if (Array.isArray(members) && depth < MAX_GROUP_DEPTH) {
      const held = keyOf(entry['obsUuid'] ?? entry['uuid'] ?? entry['obsId']) || `${id}/${i}/${depth}`;
      this.#nameGroup(entry, held);
      for (const member of members) this.#readObservation(member, i, id, held, depth + 1);
    }
    if (target === undefined) return;
    if (target.to === 'group') {
      for (const held of [entry['obsUuid'], entry['uuid'], entry['obsId']]) {
        const key = keyOf(held);
        if (key !== '') this.#nameGroup(entry, key);
      }
      return;
    }
    if (groupId !== undefined) {
      const concept = conceptOf(entry['obsGroupConceptId'] ?? entry['groupConceptId']);
      const kind = concept === undefined ? undefined : DRUG_GROUPS.get(concept);
      if (kind !== undefined) this.#dispensings.groupIs(groupId, kind);
    }
    if (!isDispensing(target)) {
      this.#observe(entry, target, id, encounter);
      return;
    }
    const form = encounter?.form ?? -1;
    const at = form >= 0 ? form : this.#formOn(entry['obsDatetime']);
    if (at >= 0) this.#dispense(entry, target, at, groupId);
  }

  #nameGroup(entry: Json, key: string): void {
    const concept = conceptOf(entry['conceptId']);
    const name = entry['variableName'];
    const kind =
      (concept === undefined ? undefined : DRUG_GROUPS.get(concept)) ??
      (typeof name === 'string' ? namedGroup(plainText(name)) : undefined);
    if (kind !== undefined) this.#dispensings.groupIs(key, kind);
  }

  #observe(entry: Json, target: FindingTarget, id: string, encounter: Encounter | undefined): void {
    const written = entry['obsDatetime'];
    const day =
      encounter !== undefined && (written === undefined || written === null)
        ? encounter.day
        : this.#eventDay(written);
    if (Number.isNaN(day)) return;
    const created = entry['dateCreated'];
    const known =
      (created === undefined || created === null) && encounter !== undefined
        ? Math.max(encounter.known, day)
        : this.#knownDay(created, day);
    const { observations } = this.record;
    switch (target.to) {
      case 'viralLoad': {
        const value = viralLoadOf(entry, this.#warn);
        if (value >= 0) addToSeries(observations.viralLoad, day, known, value);
        return;
      }
      case 'date':
        this.#dateOf(entry, target.kind, encounter, day, known);
        return;
      case 'session':
        if (wasHeld(entry)) addToSeries(observations.counselling, day, known, 1);
        return;
      case 'coded': {
        const value = codedOf(entry, target.finding, this.#warn);
        if (!Number.isNaN(value)) addToSeries(observations[target.finding.kind], day, known, value);
        return;
      }
      case 'transferIn':
        this.#wasTransferredIn ||= saysTransferredIn(entry);
        return;
      case 'returned': {
        const back = this.#dates.read(valueDate(entry));
        addToSeries(observations.returned, back <= day ? back : day, known, 1);
        return;
      }
      case 'terminationReason':
      case 'terminationDate':
      case 'causeOfDeath':
        this.#terminate(entry, target.to, id, day, known);
        return;
    }
  }

  /** Form of a day, for observations that name no encounter. */
  #formOn(written: unknown): number {
    if (this.#forms.length === 0) return -1;
    const day = this.#dates.read(written);
    return this.#forms.findIndex((form) => form.day === day);
  }

  #dispense(entry: Json, target: DispensingTarget, form: number, group: string | undefined): void {
    switch (target.to) {
      case 'supply': {
        const supply = supplyOf(entry, this.#warn);
        if (supply !== undefined) this.#dispensings.duration(form, group, supply.value, supply.isBare);
        return;
      }
      case 'drug':
      case 'lineDrug': {
        if (target.to === 'lineDrug') this.#dispensings.regimenLine(form, target.line);
        const [kind, name] = drugOf(entry, target.to === 'lineDrug' ? 'arv' : target.of);
        if (name !== '') this.#dispensings.drug(form, group, kind, name);
        return;
      }
      case 'line': {
        const line = lineOf(entry, this.#warn);
        if (!Number.isNaN(line)) this.#dispensings.regimenLine(form, line);
        return;
      }
    }
  }

  /** An appointment of another clinic, given on its own form, says nothing of the medicines. */
  #dateOf(
    entry: Json,
    kind: 'nextAppointment' | 'artStart',
    encounter: Encounter | undefined,
    day: EpochDay,
    known: EpochDay,
  ): void {
    if (kind === 'nextAppointment') {
      const form = encounter?.kind ?? formKind(typeof entry['pmmForm'] === 'string' ? entry['pmmForm'] : '');
      if (form === 'contact' || form === 'absent') return;
    }
    const written = this.#dates.read(valueDate(entry));
    if (!Number.isNaN(written)) addToSeries(this.record.observations[kind], day, known, written);
    else if (this.#dates.fault !== 'missing') this.#warnOfDate();
  }

  #terminate(
    entry: Json,
    what: 'terminationReason' | 'terminationDate' | 'causeOfDeath',
    id: string,
    seen: EpochDay,
    known: EpochDay,
  ): void {
    let termination = this.#terminations.get(id);
    if (!termination) {
      termination = { exit: 'none', day: Number.NaN, seen, known };
      this.#terminations.set(id, termination);
    }
    if (what === 'terminationDate') {
      const day = this.#dates.read(valueDate(entry));
      if (!Number.isNaN(day)) termination.day = day;
      else if (this.#dates.fault !== 'missing') this.#warnOfDate();
      return;
    }
    if (what === 'causeOfDeath') {
      if (answerOf(entry) !== undefined || !isMissing(wordOf(entry))) termination.exit = 'death';
      return;
    }
    const text = wordOf(entry);
    const exit = EXIT_ANSWERS.get(answerOf(entry) ?? -1) ?? readExit(text);
    if (exit === undefined) this.#warn('unreadable_value');
    else if (termination.exit !== 'death') termination.exit = exit;
    if (/transfer.{0,3}in/u.test(plainText(text))) this.#wasTransferredIn = true;
  }

  #settlePickups(): void {
    const { pickups } = this.record;
    const dispensings = this.#dispensings;
    for (let form = 0; form < this.#forms.length; form++) {
      dispensings.settle(form);
      if (!dispensings.isArv) continue;
      if (dispensings.isGuessed) this.#warn('drug_not_recognised');
      const { day, known } = this.#forms[form]!;
      const { supply, isBare } = dispensings;
      const isSmall = isBare && supply > 0 && supply < MIN_DAYS_OF_BARE_SUPPLY;
      const isGood = supply > 0 && supply <= MAX_SUPPLY_DAYS;
      if (!isGood && !Number.isNaN(supply)) this.#warn('supply_out_of_range');
      if (isSmall) this.#bare.push(pickups.count);
      const days = isSmall ? supply : Math.max(1, Math.round(supply));
      addPickup(pickups, day, known, isGood ? days : Number.NaN, dispensings.regimen, dispensings.line);
    }
    for (const pickup of this.#bare) this.#settleBareSupply(pickup);
  }

  #settleBareSupply(pickup: number): void {
    const { pickups, observations } = this.record;
    const from = pickups.day[pickup]!;
    const isSoon = (day: number) => day > from && day <= from + SHOWS_DAYS_WITHIN;
    let isDays = false;
    for (let i = 0; i < pickups.count; i++) isDays ||= isSoon(pickups.day[i]!);
    const { nextAppointment } = observations;
    for (let i = 0; i < nextAppointment.count; i++)
      isDays ||= nextAppointment.day[i] === from && isSoon(nextAppointment.value[i]!);
    const written = pickups.supply[pickup]!;
    if (!isDays) this.#warn('supply_in_months');
    pickups.supply[pickup] = Math.max(1, Math.round(isDays ? written : written * DAYS_A_MONTH));
  }

  #settleTerminations(): void {
    const { observations, pickups } = this.record;
    for (const { exit, day, seen, known } of this.#terminations.values()) {
      if (exit === 'none') continue;
      const kind: ObservationKind = exit === 'back' ? 'returned' : exit;
      addToSeries(observations[kind], day <= this.#today ? day : seen, known, 1);
    }
    if (this.#diedOn === undefined) return;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < pickups.count; i++) last = Math.max(last, pickups.day[i]!);
    const day = this.#diedOn <= this.#today ? this.#diedOn : last;
    if (day > Number.NEGATIVE_INFINITY) addToSeries(observations.death, day, day, 1);
  }

  /** Of a patient who came from another facility, the time before the first pickup here is unknown, not empty. */
  #settleHistory(): void {
    const { pickups, observations } = this.record;
    if (pickups.count === 0) return;
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < pickups.count; i++) first = Math.min(first, pickups.day[i]!);
    let start = Number.POSITIVE_INFINITY;
    for (let i = 0; i < observations.artStart.count; i++)
      start = Math.min(start, observations.artStart.value[i]!);
    if (!this.#wasTransferredIn && !(start < first - UNSEEN_ON_ART_DAYS)) return;
    this.record.pickupsCompleteFrom = first;
  }
}

/** A database's bit, as drivers print it: a byte of its own, in a text or as Node's Buffer. */
function bitOf(value: unknown): unknown {
  if (value === '\u0000') return 0;
  if (value === '\u0001') return 1;
  if (!isObject(value) || value['type'] !== 'Buffer' || !Array.isArray(value['data'])) return value;
  const [byte, ...more] = value['data'] as readonly unknown[];
  return more.length === 0 ? byte : value;
}

function isYes(value: unknown): boolean {
  return value === true || value === 1 || (typeof value === 'string' && readBoolean(plainText(value)) === 1);
}
