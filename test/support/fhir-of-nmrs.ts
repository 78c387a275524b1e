import { formKind } from '#patients/sources/nmrs-forms.ts';

type Json = Readonly<Record<string, unknown>>;

const CIEL = 'https://cielterminology.org';
const ISO_DAY = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2})?$/u;
const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/u;
/** A smaller bare number of an NMRS message may be months; FHIR always tells the unit. */
const MIN_BARE_DAYS = 7;
const QUESTIONS_OF_A_DISPENSING = new Map([
  ['medication duration', 'days'],
  ['days', 'days'],
  ['medication dispensed', 'drug'],
  ['regimen', 'drug'],
  ['arv drug strength', 'drug'],
]);

/** What a message holds that FHIR has no words for: the reason why it is not translated. */
class NotSaid extends Error {}

/**
 * The FHIR R4 resources that tell what an NMRS message tells; undefined where FHIR has no way to tell it (a spelling of NMRS, a
 * day of entry, observations without a form).
 */
export function fhirOfNmrs(message: unknown): Json[] | undefined {
  try {
    return resourcesOf(message as Json);
  } catch (error) {
    if (error instanceof NotSaid) return undefined;
    throw error;
  }
}

function resourcesOf(message: Json): Json[] {
  const header = (message['messageHeader'] ?? {}) as Json;
  const data = message['messageData'] as Json | undefined;
  const person = data?.['demographics'] as Json | undefined;
  if (data === undefined || person === undefined) throw new NotSaid('no person');
  const list = (name: string) => (data[name] ?? []) as readonly Json[];
  const [visits, encounters, obs] = [list('visits'), list('encounters'), list('obs')];
  const pharmacies = new Set<unknown>();
  const resources: Json[] = [organizationOf(header), patientOf(person, header)];
  for (const { dateStarted, dateCreated, voided } of visits) {
    if (dateCreated !== undefined) throw new NotSaid('day of entry');
    resources.push({
      resourceType: 'Encounter',
      status: statusOf(voided, 'finished'),
      type: [{ coding: [{ system: 'http://fhir.openmrs.org/code-system/visit-type' }] }],
      period: { start: dayOf(dateStarted) },
    });
  }
  for (const encounter of encounters) {
    const form = encounter['pmmForm'];
    if (typeof form !== 'string' || encounter['dateCreated'] !== undefined) throw new NotSaid('form');
    const id = encounter['encounterUuid'];
    if (typeof id !== 'string') throw new NotSaid('encounter without id');
    if (formKind(form) === 'pharmacy') {
      pharmacies.add(id);
      resources.push(...dispensesOf(encounter, id, obs));
    }
    resources.push({
      resourceType: 'Encounter',
      id,
      status: statusOf(encounter['voided'], 'finished'),
      type: [{ text: form }],
      period: { start: dayOf(encounter['encounterDatetime']) },
    });
  }
  for (const entry of obs) {
    const question = questionOf(entry);
    if (question === undefined) resources.push(observationOf(entry));
    else if (!pharmacies.has(entry['encounterUuid'])) throw new NotSaid('dispensing without a form');
  }
  return resources;
}

function organizationOf(header: Json): Json {
  return {
    resourceType: 'Organization',
    id: header['facilityDatimCode'],
    address: [{ state: header['facilityState'] }],
  };
}

function patientOf(person: Json, header: Json): Json {
  const phone = person['phoneNumber'];
  if (phone === undefined) throw new NotSaid('nothing about a phone');
  const facility = header['facilityDatimCode'];
  const birthday = person['birthdate'];
  if (person['gender'] !== 'F' && person['gender'] !== 'M') throw new NotSaid('sex');
  return {
    resourceType: 'Patient',
    id: person['patientUuid'],
    gender: person['gender'] === 'F' ? 'female' : 'male',
    birthDate: birthday === undefined ? undefined : dayOf(birthday),
    address: [{ state: person['stateProvince'] }],
    telecom: phone === null ? [] : [{ system: 'phone', value: phone }],
    ...(facility === undefined
      ? {}
      : { managingOrganization: { reference: `Organization/${facility as string}` } }),
    ...(person['dead'] === true ? { deceasedDateTime: dayOf(person['deathDate']) } : {}),
  };
}

/** The drugs of one form, each with its own supply: more can be said only where groups or order leave no doubt. */
function dispensesOf(encounter: Json, id: string, obs: readonly Json[]): Json[] {
  const own = obs.filter(
    (entry) => entry['encounterUuid'] === id && statusOf(entry['voided'], 'final') === 'final',
  );
  if (own.some((entry) => entry['obsGroupId'] ?? entry['obsGroupUuid'] ?? entry['groupMembers']))
    throw new NotSaid('groups');
  const drugs = own.filter((entry) => questionOf(entry) === 'drug');
  const durations = own.filter((entry) => questionOf(entry) === 'days');
  if (durations.length > Math.max(1, drugs.length)) throw new NotSaid('days without a drug');
  if (drugs.length > 1 && durations.length !== drugs.length) throw new NotSaid('drugs without days');
  return Array.from({ length: Math.max(1, drugs.length) }, (_, i) => ({
    resourceType: 'MedicationDispense',
    status: statusOf(encounter['voided'], 'completed'),
    whenHandedOver: dayOf(encounter['encounterDatetime']),
    context: { reference: `Encounter/${id}` },
    ...(drugs[i] === undefined ? {} : { medicationCodeableConcept: answerOf(drugs[i]) }),
    ...(durations[i] === undefined ? {} : { daysSupply: supplyOf(durations[i]) }),
  }));
}

function questionOf({ variableName }: Json): string | undefined {
  return typeof variableName === 'string'
    ? QUESTIONS_OF_A_DISPENSING.get(variableName.toLowerCase())
    : undefined;
}

function supplyOf({ valueNumeric, valueText }: Json): Json {
  if (typeof valueNumeric === 'number' && valueNumeric >= MIN_BARE_DAYS)
    return { value: valueNumeric, code: 'd' };
  const months = /^(\d+) months$/u.exec(typeof valueText === 'string' ? valueText : '')?.[1];
  if (months === undefined) throw new NotSaid('a supply without its unit');
  return { value: Number(months), code: 'mo' };
}

function observationOf(entry: Json): Json {
  if (entry['groupMembers'] !== undefined) throw new NotSaid('groups');
  const form = entry['encounterUuid'];
  const { variableName, conceptId, valueNumeric, valueText, valueCoded, valueDatetime, dateCreated } = entry;
  const value =
    valueCoded !== undefined || valueText !== undefined
      ? { valueCodeableConcept: answerOf(entry) }
      : typeof valueNumeric === 'number'
        ? { valueQuantity: { value: valueNumeric } }
        : valueDatetime === undefined
          ? undefined
          : { valueDateTime: dayOf(valueDatetime) };
  if (value === undefined || typeof variableName !== 'string') throw new NotSaid('an odd value');
  return {
    resourceType: 'Observation',
    status: statusOf(entry['voided'], 'final'),
    code: codeOf(variableName, typeof conceptId === 'number' ? conceptId : undefined),
    effectiveDateTime: dayOf(entry['obsDatetime']),
    ...(dateCreated === undefined ? {} : { issued: dayOf(dateCreated) }),
    ...(form === undefined || form === '' ? {} : { encounter: { reference: `Encounter/${form as string}` } }),
    ...value,
  };
}

function answerOf({ valueCoded, valueText, valueNumeric }: Json): Json {
  const concept = typeof valueCoded === 'number' ? valueCoded : undefined;
  const words = typeof valueText === 'string' ? valueText : typeof valueCoded === 'string' ? valueCoded : '';
  if (valueNumeric !== undefined || (concept === undefined && words === ''))
    throw new NotSaid('a number and words');
  return codeOf(words, concept);
}

function codeOf(text: string, concept: number | undefined): Json {
  const coding = concept === undefined ? [] : [{ system: CIEL, code: String(concept) }];
  return { coding, ...(text === '' ? {} : { text }) };
}

function statusOf(voided: unknown, good: string): string {
  if (voided === undefined || voided === 0 || voided === false) return good;
  if (voided === 1 || voided === true) return 'entered-in-error';
  throw new NotSaid('a spelling of voided');
}

/** The day, or the instant where it has an offset. */
function dayOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && ISO_INSTANT.test(value)) return value;
  if (typeof value !== 'string' || !ISO_DAY.test(value)) throw new NotSaid('a spelling of a date');
  return value.slice(0, 10);
}
