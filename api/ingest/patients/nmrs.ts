import { type EpochDay, isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import type { CohortParser, FormatContext, InputOptions } from '../input-format.ts';
import {
  type Dropped,
  LinesOrObjects,
  LineSplitter,
  MAX_DEPTH,
  ObjectSplitter,
  type OnObject,
  type WrapperRules,
} from './object-splitter.ts';
import { PatientEmitter } from './patient-emitter.ts';

const OWN_KEYS = new Set(['messageHeader', 'messageData', 'demographics', 'visits', 'encounters', 'obs']);
const WRAPPER_KEYS = new Set([
  'data',
  'payload',
  'body',
  'message',
  'messages',
  'patient',
  'patients',
  'record',
  'records',
  'result',
  'results',
  'response',
  'content',
  'container',
  'items',
  'hits',
  '_source',
]);

/** What wraps messages, and what is one. */
const MESSAGES: WrapperRules = {
  isOwnKey: (key) => OWN_KEYS.has(key),
  isWrapperKey: (key) => WRAPPER_KEYS.has(key),
};

/** The day to score on, and the last one on which a record can have been made. */
export function daysOf(options: InputOptions): { asOf: EpochDay; today: EpochDay } {
  const today = options.zone.dayOf(options.nowMs);
  const asOf = options.asOf === undefined ? today : parseIsoDay(options.asOf);
  return { asOf, today: Math.max(asOf, today) };
}

/**
 * NMRS patient messages: one, an array of them, wrapped or not, or one a line. A message that is faulty, too long or of a
 * patient who cannot be scored costs only itself.
 */
export function nmrsParser(context: FormatContext): CohortParser {
  const { maxRowBytes, input, options } = context;
  const { asOf, today } = daysOf(options);
  input.as_of = isoDate(asOf);
  const emitter = new PatientEmitter(context, asOf);
  const reader = new NmrsReader({ zone: options.zone, today });
  let opened = false;
  const onObject: OnObject = (bytes, line, dropped) => {
    if (!opened) emitter.layOut([]);
    opened = true;
    if (bytes === undefined) {
      emitter.reject(line, null, dropped ?? 'row_too_large', droppedMessage(dropped, maxRowBytes));
      return;
    }
    try {
      emitter.patient(reader.read(parsed(bytes)), line, { identifiers: reader.identifiers() });
    } catch (error) {
      emitter.refuse(line, error, reader.record);
    }
  };
  const objects = () => new ObjectSplitter(maxRowBytes, onObject, MESSAGES);
  const splitter = input.format.endsWith('/ndjson')
    ? new LinesOrObjects(maxRowBytes, () => new LineSplitter(maxRowBytes, onObject), objects)
    : objects();
  return {
    write: (bytes) => splitter.write(bytes),
    end: () => {
      splitter.end();
      for (const [code, times] of reader.warnings.counts) emitter.warn(code, times);
    },
  };
}

export function droppedMessage(dropped: Dropped | undefined, maxBytes: number): string {
  return dropped === 'nesting_too_deep'
    ? `The message is nested more than ${MAX_DEPTH} levels deep.`
    : `The message has more than ${maxBytes} bytes.`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw new FieldFault('', 'not_an_object', 'the message is not JSON in UTF-8');
  }
}
