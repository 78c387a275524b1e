import { conceptOf } from './nmrs-concepts.ts';
import { isObject, type Json, objectOr } from './nmrs-entry.ts';
import { formKind } from './nmrs-forms.ts';
import type { WarningCode } from './warning-codes.ts';

/** Facts of an Organization that its patients' resources refer to. */
export type Organization = { readonly name: string | undefined; readonly state: string | undefined };

export type FhirContext = {
  organizations: ReadonlyMap<string, Organization>;
  warn: (code: WarningCode) => void;
};

/** Resources that make a patient's record; every other type is passed over. */
export const PATIENT_RESOURCES: ReadonlySet<string> = new Set([
  'Patient',
  'Encounter',
  'Observation',
  'MedicationDispense',
]);

/** LOINC codes of a viral load in plasma or blood (copies/mL), and of pregnancy, by NMRS's concept. Source: loinc.org. */
const LOINC_CONCEPTS: ReadonlyMap<string, number> = new Map([
  ['20447-9', 856],
  ['25836-8', 856],
  ['70241-5', 856],
  ['41515-8', 856],
  ['41516-6', 856],
  ['82810-3', 165_050],
]);
const LOG_VIRAL_LOADS: ReadonlySet<string> = new Set(['29541-0', '48511-0', '70241-5-log']);
const VOIDED: ReadonlySet<string> = new Set([
  'entered-in-error',
  'cancelled',
  'not-done',
  'declined',
  'planned',
  'preparation',
  'stopped',
  'on-hold',
]);
/** Codes of Encounter.class for contacts without the patient in the room: virtual, at home. */
const ABSENT_CLASSES: ReadonlySet<string> = new Set(['VR', 'HH']);
const DAYS_A_UNIT: ReadonlyMap<string, number> = new Map([
  ['d', 1],
  ['day', 1],
  ['days', 1],
  ['wk', 7],
  ['week', 7],
  ['weeks', 7],
  ['mo', 30],
  ['month', 30],
  ['months', 30],
]);
/** Units in which a quantity counts tablets, not bottles or packs. */
const TABLETS = /^(?:\{?tab|tbl|tablet|cap|pill|dose|\{?unit)/iu;
const MAX_LISTED = 20_000;

/**
 * The NMRS message of the same content as a patient's FHIR R4 resources, so that both are read by the same rules:
 * MedicationDispense becomes a pharmacy form, its drug and its days of supply (else its quantity, at the dose written or at one a
 * day, which is warned of), Encounter a visit or a form, Observation an observation by its codes and words.
 */
export function messageOf(resources: readonly Json[], context: FhirContext): Json {
  const patient = resources.find((resource) => resource['resourceType'] === 'Patient') ?? {};
  const visits: Json[] = [];
  const encounters: Json[] = [];
  const obs: Json[] = [];
  for (const [i, resource] of resources.entries()) {
    switch (resource['resourceType']) {
      case 'MedicationDispense':
        addDispense(resource, `dispense/${i}`, encounters, obs, context);
        break;
      case 'Encounter':
        addEncounter(resource, visits, encounters);
        break;
      case 'Observation':
        obs.push(observationOf(resource));
        break;
      default:
    }
  }
  return {
    ...headOf(patient, context),
    messageData: { demographics: personOf(patient), visits, encounters, obs },
  };
}

function headOf(patient: Json, { organizations }: FhirContext): Json {
  const facility = idOf(objectOr(patient['managingOrganization']), 'Organization');
  if (facility === '') return {};
  const organization = organizations.get(facility);
  return {
    messageHeader: {
      facilityDatimCode: facility,
      facilityName: organization?.name ?? textOf(objectOr(patient['managingOrganization'])['display']),
      facilityState: organization?.state,
    },
  };
}

function personOf(patient: Json): Json {
  const identifier = firstOf(patient['identifier']);
  const address = firstOf(patient['address']);
  const phones = listOf(patient['telecom']).filter(
    ({ system, value }) =>
      (system === undefined || system === 'phone' || system === 'sms') && value !== undefined,
  );
  return {
    patientUuid: patient['id'] ?? identifier['value'],
    birthdate: patient['birthDate'],
    gender: patient['gender'] === 'other' ? undefined : patient['gender'],
    stateProvince: address['state'],
    phoneNumber: phones[0]?.['value'] ?? null,
    dead: patient['deceasedBoolean'] === true || patient['deceasedDateTime'] !== undefined,
    deathDate: patient['deceasedDateTime'],
  };
}

function addDispense(
  dispense: Json,
  id: string,
  encounters: Json[],
  obs: Json[],
  { warn }: FhirContext,
): void {
  const voided = voidedOf(dispense);
  const day = dispense['whenHandedOver'] ?? dispense['whenPrepared'];
  encounters.push({ encounterUuid: id, encounterDatetime: day, pmmForm: 'Pharmacy Order Form', voided });
  const medication = medicationOf(dispense);
  obs.push({
    encounterUuid: id,
    obsDatetime: day,
    variableName: 'Medication dispensed',
    valueCoded: codesOf(medication).find((code) => conceptOf(code) !== undefined),
    valueText: atcWord(medication) ?? wordsOf(medication),
    voided,
  });
  const supply = supplyOf(dispense, warn);
  if (supply !== undefined)
    obs.push({
      encounterUuid: id,
      obsDatetime: day,
      variableName: 'Medication duration',
      valueText: supply,
      voided,
    });
  const line = listOf(dispense['category'])
    .concat(objectOr(dispense['category']))
    .map(wordsOf)
    .find((text) => /line/iu.test(text));
  if (line !== undefined)
    obs.push({ encounterUuid: id, obsDatetime: day, variableName: 'Regimen line', valueText: line, voided });
}

function supplyOf(dispense: Json, warn: FhirContext['warn']): string | undefined {
  const supply = objectOr(dispense['daysSupply']);
  const value = supply['value'];
  if (typeof value === 'number') {
    const unit = textOf(supply['code']) ?? textOf(supply['unit']) ?? 'd';
    return `${value * (DAYS_A_UNIT.get(unit.toLowerCase()) ?? 1)} days`;
  }
  const quantity = objectOr(dispense['quantity']);
  const count = quantity['value'];
  const unit = textOf(quantity['unit']) ?? textOf(quantity['code']) ?? '';
  if (typeof count !== 'number' || !(unit === '' || unit === '1' || TABLETS.test(unit))) return undefined;
  const perDay = dosesADay(firstOf(dispense['dosageInstruction']));
  if (perDay === undefined) warn('quantity_as_supply');
  return `${Math.floor(count / (perDay ?? 1))} days`;
}

function dosesADay(dosage: Json): number | undefined {
  const dose = objectOr(firstOf(dosage['doseAndRate'])['doseQuantity'])['value'];
  const repeat = objectOr(objectOr(dosage['timing'])['repeat']);
  const { frequency, period, periodUnit } = repeat;
  if (typeof frequency !== 'number' || !(frequency > 0)) return undefined;
  const days = (typeof period === 'number' ? period : 1) * (periodUnit === 'h' ? 1 / 24 : 1);
  const perDay = ((typeof dose === 'number' ? dose : 1) * frequency) / days;
  return perDay > 0 && perDay < 100 && (periodUnit === undefined || periodUnit === 'd' || periodUnit === 'h')
    ? perDay
    : undefined;
}

/** Visits are the encounters that others are part of; of the others the type says what form they were. */
function addEncounter(encounter: Json, visits: Json[], encounters: Json[]): void {
  const voided = voidedOf(encounter);
  const day = objectOr(encounter['period'])['start'];
  const types = listOf(encounter['type']);
  const isVisit = types.some((type) =>
    listOf(type['coding']).some(({ system }) => typeof system === 'string' && system.endsWith('visit-type')),
  );
  if (isVisit) {
    visits.push({ dateStarted: day, voided });
    return;
  }
  const classCode = objectOr(encounter['class'])['code'];
  const isAbsent = typeof classCode === 'string' && ABSENT_CLASSES.has(classCode);
  const name = types.map(wordsOf).find((text) => text !== '');
  const form = isAbsent
    ? 'Phone call'
    : (name ?? (classCode === undefined ? undefined : 'Outpatient contact'));
  // What was dispensed stands in MedicationDispense: the pharmacy's own encounter is a visit without more.
  if (form !== undefined && formKind(form) === 'pharmacy') visits.push({ dateStarted: day, voided });
  else encounters.push({ encounterUuid: encounter['id'], encounterDatetime: day, pmmForm: form, voided });
}

function observationOf(observation: Json): Json {
  const code = objectOr(observation['code']);
  const codes = codesOf(code);
  const value = objectOr(observation['valueCodeableConcept']);
  const quantity = objectOr(observation['valueQuantity']);
  const comparator = textOf(quantity['comparator']);
  const amount = quantity['value'] ?? observation['valueInteger'];
  const isLog =
    codes.some((loinc) => LOG_VIRAL_LOADS.has(loinc)) || /log/iu.test(textOf(quantity['unit']) ?? '');
  const isAbsent = observation['dataAbsentReason'] !== undefined;
  return {
    encounterUuid: idOf(objectOr(observation['encounter']), 'Encounter') || undefined,
    obsDatetime:
      observation['effectiveDateTime'] ??
      observation['effectiveInstant'] ??
      objectOr(observation['effectivePeriod'])['start'],
    dateCreated: observation['issued'],
    variableName: wordsOf(code),
    conceptId:
      codes.map((loinc) => LOINC_CONCEPTS.get(loinc)).find((concept) => concept !== undefined) ??
      (codes.some((loinc) => LOG_VIRAL_LOADS.has(loinc)) ? 856 : undefined) ??
      codes.find((concept) => conceptOf(concept) !== undefined),
    valueNumeric: comparator === undefined && !isLog ? amount : undefined,
    valueText: isAbsent
      ? undefined
      : typeof amount === 'number' && (comparator !== undefined || isLog)
        ? `${comparator ?? ''}${amount}${isLog ? ' log' : ''}`
        : typeof observation['valueBoolean'] === 'boolean'
          ? observation['valueBoolean']
            ? 'Yes'
            : 'No'
          : (textOf(observation['valueString']) ?? (wordsOf(value) || undefined)),
    valueCoded: codesOf(value).find((answer) => conceptOf(answer) !== undefined),
    valueDatetime: observation['valueDateTime'],
    voided: voidedOf(observation),
  };
}

function voidedOf({ status }: Json): number {
  return typeof status === 'string' && VOIDED.has(status) ? 1 : 0;
}

function medicationOf(dispense: Json): Json {
  const concept = dispense['medicationCodeableConcept'];
  if (isObject(concept)) return concept;
  const reference = objectOr(dispense['medicationReference']);
  const local = textOf(reference['reference']);
  const contained = listOf(dispense['contained']).find(({ id }) => local === `#${id as string}`);
  return contained === undefined ? { text: reference['display'] } : objectOr(contained['code']);
}

/** ATC tells antiretrovirals (J05A) from everything else that is not one. */
function atcWord(medication: Json): string | undefined {
  const atc = listOf(medication['coding']).find(
    ({ system }) => typeof system === 'string' && system.includes('whocc.no/atc'),
  );
  const code = textOf(atc?.['code']);
  if (code === undefined) return undefined;
  const words = wordsOf(medication);
  return code.startsWith('J05A')
    ? `${words} ARV`.trim()
    : /^(?:J01|J04|J02|P01|A11|B03|N02)/u.test(code)
      ? `${words} cotrimoxazole or other`.trim()
      : undefined;
}

/** A concept's words: its text, else a coding's display. */
function wordsOf(concept: Json): string {
  const text = textOf(concept['text']);
  if (text !== undefined) return text;
  for (const { display } of listOf(concept['coding'])) if (typeof display === 'string') return display;
  return '';
}

/** Codes of a concept, OpenMRS's padded ones (`856AAAA…`) by their number. */
function codesOf(concept: Json): string[] {
  return listOf(concept['coding']).flatMap(({ code }) =>
    typeof code === 'string' ? [/^(\d{2,9})A{10,40}$/u.exec(code.slice(0, 64))?.[1] ?? code] : [],
  );
}

/**
 * The key by which a patient's resources are found: of a Patient its id (of a bundle's, the entry's `urn:uuid:`), of another
 * its subject's. `''` where there is none.
 */
export function patientKey(resource: Json, fullUrl: unknown): string {
  if (resource['resourceType'] === 'Patient') {
    const url = textOf(fullUrl);
    return url?.startsWith('urn:uuid:') === true
      ? url.slice(9, 209)
      : keyText(resource['id'] ?? firstOf(resource['identifier'])['value']);
  }
  return idOf(objectOr(resource['subject'] ?? resource['patient']), 'Patient');
}

/** Id that a reference names: `Patient/1`, `https://…/Patient/1/_history/2`, `urn:uuid:…`, or its logical identifier. */
export function idOf(reference: Json, type: string): string {
  const text = textOf(reference['reference'])?.slice(0, 400);
  if (text === undefined) return keyText(objectOr(reference['identifier'])['value']);
  if (text.startsWith('urn:uuid:')) return text.slice(9);
  const parts = text.split('/');
  const at = parts.lastIndexOf(type);
  return at >= 0 ? (parts[at + 1] ?? '') : parts.length === 1 ? text : '';
}

/** What is kept of an Organization. */
export function organizationOf(organization: Json): Organization {
  return { name: textOf(organization['name']), state: textOf(firstOf(organization['address'])['state']) };
}

function keyText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : typeof value === 'number' ? String(value) : '';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.slice(0, MAX_LISTED).filter(isObject) : [];
}

function firstOf(value: unknown): Json {
  return listOf(value)[0] ?? {};
}
