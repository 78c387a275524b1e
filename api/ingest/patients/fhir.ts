import { isoDate } from '#patients/record/epoch-day.ts';
import {
  idOf,
  messageOf,
  type Organization,
  organizationOf,
  PATIENT_RESOURCES,
  patientKey,
} from '#patients/sources/fhir-message.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { isObject, type Json } from '#patients/sources/nmrs-entry.ts';
import type { CohortParser, FormatContext } from '../input-format.ts';
import { GroupedPieces, type Piece } from './grouped-pieces.ts';
import { droppedMessage } from './message-batch.ts';
import { daysOf } from './nmrs.ts';
import {
  LinesOrObjects,
  LineSplitter,
  ObjectSplitter,
  type OnObject,
  type WrapperRules,
} from './object-splitter.ts';
import { PatientEmitter } from './patient-emitter.ts';

const NO_OBJECT = 'The line is no JSON object.';
const MAX_ORGANIZATIONS = 20_000;
const PATIENTS_BETWEEN_LOOKS = 20;

const LIST_KEYS = new Set(['entry', 'entries', 'resources', 'bundles', 'data']);

/** A Bundle wraps entries; an entry holds its resource whole. */
const BUNDLES: WrapperRules = {
  isOwnKey: (key) => key === 'resource' || key === 'fullUrl',
  isWrapperKey: (key) => key === 'bundle' || key === 'data',
  isListKey: (key) => LIST_KEYS.has(key),
};

/**
 * FHIR R4: resources one a line (Bulk Data), Bundles, or arrays of either. A patient's resources may lie anywhere in the
 * upload; they are brought together by the patient that they refer to (GroupedPieces) and read once the body has ended. A
 * resource that cannot be read is a rejection of its own; types that say nothing of care are passed over and counted.
 */
export function fhirParser(context: FormatContext): CohortParser {
  return new FhirParser(context);
}

class FhirParser implements CohortParser {
  readonly #context: FormatContext;
  readonly #emitter: PatientEmitter;
  readonly #reader: NmrsReader;
  readonly #pieces = new GroupedPieces();
  readonly #organizations = new Map<string, Organization>();
  readonly #splitter: { write: (bytes: Buffer) => void; end: () => void };
  #isOpen = false;

  constructor(context: FormatContext) {
    const { maxRowBytes, input, options } = context;
    const { asOf, today } = daysOf(options);
    input.as_of = isoDate(asOf);
    this.#context = context;
    this.#emitter = new PatientEmitter(context, asOf);
    this.#reader = new NmrsReader({ zone: options.zone, today });
    const onObject: OnObject = (bytes, line, dropped) => {
      if (bytes === undefined)
        this.#refuse(line, dropped ?? 'row_too_large', droppedMessage(dropped, maxRowBytes));
      else this.#object(bytes, line);
    };
    const objects = () => new ObjectSplitter(maxRowBytes, onObject, BUNDLES);
    this.#splitter = input.format.endsWith('/ndjson')
      ? new LinesOrObjects(maxRowBytes, () => new LineSplitter(maxRowBytes, onObject), objects)
      : objects();
  }

  async write(bytes: Buffer): Promise<void> {
    this.#splitter.write(bytes);
    await this.#pieces.drain();
  }

  async end(): Promise<void> {
    this.#splitter.end();
    this.#open();
    let patients = 0;
    for await (const { key, pieces, dropped } of this.#pieces.groups()) {
      const line = pieces[0]?.line ?? 0;
      if (dropped > 0)
        this.#refuse(line, 'row_too_large', 'The patient has more than 16 MB of resources.', key);
      else this.#patient(key, this.#parsed(pieces), line);
      if (++patients % PATIENTS_BETWEEN_LOOKS === 0) await this.#context.ready();
    }
    for (const [code, times] of this.#reader.warnings.counts) this.#emitter.warn(code, times);
  }

  async close(): Promise<void> {
    await this.#pieces.close();
  }

  /** Those that are JSON; each of the others is a rejection of its own. */
  #parsed(pieces: readonly Piece[]): Json[] {
    const resources: Json[] = [];
    for (const { bytes, line } of pieces) {
      const resource = jsonOf(bytes);
      if (isObject(resource)) resources.push(resource);
      else this.#refuse(line, 'not_an_object', NO_OBJECT);
    }
    return resources;
  }

  #patient(key: string, resources: readonly Json[], line: number): void {
    const hasPatient = resources.some(({ resourceType }) => resourceType === 'Patient');
    if (!hasPatient) {
      this.#refuse(line, 'missing_patient', 'No Patient resource is in the upload for these.', key);
      return;
    }
    const { warnings } = this.#reader;
    const message = messageOf(resources, {
      organizations: this.#organizations,
      warn: (code) => warnings.warn(code),
    });
    try {
      this.#emitter.patient(this.#reader.read(message), line, {
        identifiers: this.#reader.identifiers(),
      });
    } catch (error) {
      this.#emitter.refuse(line, error, {
        ...this.#reader.record,
        patientId: this.#reader.record.patientId || key,
      });
    }
  }

  /** A resource, an entry of a Bundle, or a Bundle in one line. */
  #object(bytes: Buffer, line: number): void {
    const whose = subjectOf(bytes);
    if (whose !== undefined) {
      this.#pieces.add(whose, bytes, line);
      return;
    }
    const object = jsonOf(bytes);
    if (!isObject(object)) {
      this.#refuse(line, 'not_an_object', NO_OBJECT);
      return;
    }
    if (object['resourceType'] === 'Bundle' && Array.isArray(object['entry'])) {
      for (const entry of object['entry'] as readonly unknown[])
        if (isObject(entry) && isObject(entry['resource']))
          this.#resource(entry['resource'], entry['fullUrl'], line);
      return;
    }
    if (isObject(object['resource'])) this.#resource(object['resource'], object['fullUrl'], line);
    else this.#resource(object, undefined, line, bytes);
  }

  #resource(resource: Json, fullUrl: unknown, line: number, bytes?: Buffer): void {
    const type = resource['resourceType'];
    if (type === 'Organization') {
      const isUrn = typeof fullUrl === 'string' && fullUrl.startsWith('urn:uuid:');
      const id = isUrn ? fullUrl.slice(9) : resource['id'];
      if (typeof id === 'string' && this.#organizations.size < MAX_ORGANIZATIONS)
        this.#organizations.set(id, organizationOf(resource));
      return;
    }
    if (typeof type !== 'string' || !PATIENT_RESOURCES.has(type)) {
      if (typeof type === 'string') this.#emitter.warn('resource_not_read');
      else this.#refuse(line, 'not_a_resource', 'The object has no resourceType.');
      return;
    }
    const key = patientKey(resource, fullUrl);
    if (key === '') this.#refuse(line, 'missing_field', `The ${type} names no patient.`);
    else this.#pieces.add(key, bytes ?? Buffer.from(JSON.stringify(resource)), line);
  }

  #refuse(line: number, code: string, message: string, patientId?: string): void {
    this.#open();
    this.#emitter.reject(line, null, code, message, patientId === undefined ? undefined : { patientId });
  }

  #open(): void {
    if (!this.#isOpen) this.#emitter.layOut([]);
    this.#isOpen = true;
  }
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

const RESOURCE_TYPE = Buffer.from('"resourceType"');
const SUBJECT = Buffer.from('"subject"');
/** Where one resource holds another. */
const HOLDERS = ['"contained"', '"resource"'].map((name) => Buffer.from(name));
const TYPE_VALUE = /^"resourceType"\s{0,8}:\s{0,8}"(?:Encounter|Observation|MedicationDispense)"/u;
const SUBJECT_VALUE = /^"subject"\s{0,8}:\s{0,8}\{\s{0,8}"reference"\s{0,8}:\s{0,8}"([ !#-[\]-~]{1,300})"/u;
const LONGEST_HEAD = 400;

/**
 * The patient of a resource that is one's beyond doubt by its bytes: a single type, a single subject that begins with its
 * reference, nothing held inside. Then it is parsed once, with the patient's others, instead of twice. Undefined: parse it.
 */
function subjectOf(bytes: Buffer): string | undefined {
  const typeAt = bytes.indexOf(RESOURCE_TYPE);
  const subjectAt = bytes.indexOf(SUBJECT);
  if (typeAt < 0 || subjectAt < 0 || HOLDERS.some((name) => bytes.includes(name))) return undefined;
  if (bytes.includes(RESOURCE_TYPE, typeAt + 1) || bytes.includes(SUBJECT, subjectAt + 1)) return undefined;
  if (!TYPE_VALUE.test(bytes.toString('latin1', typeAt, typeAt + LONGEST_HEAD))) return undefined;
  const reference = SUBJECT_VALUE.exec(bytes.toString('latin1', subjectAt, subjectAt + LONGEST_HEAD))?.[1];
  const key = reference === undefined ? '' : idOf({ reference }, 'Patient');
  return key === '' ? undefined : key;
}
