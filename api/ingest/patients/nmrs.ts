import type { EpochDay } from '#patients/record/epoch-day.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import type { TimeZone } from '#patients/values/time-zone.ts';
import type { InputFormat } from '../input-format.ts';
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

export type NmrsOptions = {
  asOf: EpochDay;
  /** Records dated after both this day and `asOf` are typing errors. */
  today: EpochDay;
  zone: TimeZone;
};

/** NMRS patient messages, as of one day: a message or an array of them, wrapped or not, or one a line. */
export function nmrsFormats(options: NmrsOptions): InputFormat[] {
  return [
    nmrsFormat('application/vnd.iit.nmrs+json', options, (max, on) => new ObjectSplitter(max, on, MESSAGES)),
    nmrsFormat(
      'application/vnd.iit.nmrs+x-ndjson',
      options,
      (max, on) =>
        new LinesOrObjects(
          max,
          () => new LineSplitter(max, on),
          () => new ObjectSplitter(max, on, MESSAGES),
        ),
    ),
  ];
}

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
export const MESSAGES: WrapperRules = {
  isOwnKey: (key) => OWN_KEYS.has(key),
  isWrapperKey: (key) => WRAPPER_KEYS.has(key),
};

type Splitter = { write: (bytes: Buffer) => void; end: () => void };

/** A message that is faulty, too long or of a patient who cannot be scored costs only itself. */
function nmrsFormat(
  mediaType: string,
  { asOf, today, zone }: NmrsOptions,
  splitterOf: (maxBytes: number, onObject: OnObject) => Splitter,
): InputFormat {
  return {
    mediaTypes: [mediaType],
    open: (context) => {
      const emitter = new PatientEmitter(context, asOf);
      const reader = new NmrsReader({ zone, today: Math.max(asOf, today) });
      let opened = false;
      const splitter = splitterOf(context.maxRowBytes, (bytes, line, dropped) => {
        if (!opened) emitter.layOut([]);
        opened = true;
        if (bytes === undefined) {
          emitter.reject(
            line,
            null,
            dropped ?? 'row_too_large',
            droppedMessage(dropped, context.maxRowBytes),
          );
          return;
        }
        try {
          emitter.patient(reader.read(parsed(bytes)), line, reader.identifiers());
        } catch (error) {
          emitter.refuse(line, error, reader.record);
        }
      });
      return {
        write: (bytes) => splitter.write(bytes),
        end: () => {
          splitter.end();
          for (const [code, times] of reader.warnings.counts) emitter.warn(code, times);
        },
      };
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
