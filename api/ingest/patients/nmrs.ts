import { type EpochDay, isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import type { CohortParser, FormatContext } from '../input-format.ts';
import { LineSplitter, ObjectSplitter, type OnObject } from './object-splitter.ts';
import { PatientEmitter } from './patient-emitter.ts';

/** NMRS patient messages: a message or an array of them, or one a line. */
export function nmrsParser(context: FormatContext): CohortParser {
  const { options, input } = context;
  const asOf = options.asOf === undefined ? options.zone.dayOf(options.nowMs) : parseIsoDay(options.asOf);
  input.as_of = isoDate(asOf);
  const lines = input.format.endsWith('/ndjson');
  return nmrsFormat(asOf, (max, on) =>
    lines ? new LineSplitter(max, on) : new ObjectSplitter(max, on),
  ).open(context);
}

type Splitter = { write: (bytes: Buffer) => void; end: () => void };

/** A message that is faulty, too long or of a patient who cannot be scored costs only itself. */
function nmrsFormat(
  asOf: EpochDay,
  splitterOf: (maxBytes: number, onObject: OnObject) => Splitter,
): { open: (context: FormatContext) => CohortParser } {
  return {
    open: (context) => {
      const emitter = new PatientEmitter(context, asOf);
      const reader = new NmrsReader();
      let opened = false;
      const splitter = splitterOf(context.maxRowBytes, (bytes, line) => {
        if (!opened) emitter.layOut([]);
        opened = true;
        if (bytes === undefined) {
          emitter.reject(
            line,
            null,
            'row_too_large',
            `The message has more than ${context.maxRowBytes} bytes.`,
          );
          return;
        }
        try {
          emitter.patient(reader.read(parsed(bytes)), line);
        } catch (error) {
          emitter.refuse(line, error);
        }
      });
      return { write: (bytes) => splitter.write(bytes), end: () => splitter.end() };
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw new FieldFault('', 'not_an_object', 'the message is not JSON in UTF-8');
  }
}
