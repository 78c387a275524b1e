import { isoDate } from '#patients/record/epoch-day.ts';
import {
  messageOf,
  type Organization,
  organizationOf,
  PATIENT_RESOURCES,
  patientKey,
} from '#patients/sources/fhir-message.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { isObject, type Json } from '#patients/sources/nmrs-entry.ts';
import type { CohortParser, FormatContext } from '../input-format.ts';
import { GroupedPieces } from './grouped-pieces.ts';
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
      else
        this.#patient(
          key,
          pieces.map(({ bytes }) => JSON.parse(bytes.toString()) as Json),
          line,
        );
      if (++patients % PATIENTS_BETWEEN_LOOKS === 0) await this.#context.ready();
    }
    for (const [code, times] of this.#reader.warnings.counts) this.#emitter.warn(code, times);
  }

  async close(): Promise<void> {
    await this.#pieces.close();
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
    let object: unknown;
    try {
      object = JSON.parse(bytes.toString());
    } catch {
      object = undefined;
    }
    if (!isObject(object)) {
      this.#refuse(line, 'not_an_object', 'The line is no JSON object.');
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
