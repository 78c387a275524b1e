import type { EpochDay } from '#patients/record/epoch-day.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import type { InputFormat } from '../input-format.ts';
import { LineSplitter, ObjectSplitter, type OnObject } from './object-splitter.ts';
import { PatientEmitter } from './patient-emitter.ts';

/** NMRS patient messages, as of one day: a message or an array of them, or one a line. */
export function nmrsFormats(asOf: EpochDay): InputFormat[] {
  return [
    nmrsFormat('application/vnd.iit.nmrs+json', asOf, (max, on) => new ObjectSplitter(max, on)),
    nmrsFormat('application/vnd.iit.nmrs+x-ndjson', asOf, (max, on) => new LineSplitter(max, on)),
  ];
}

type Splitter = { write: (bytes: Buffer) => void; end: () => void };

/** A message that is faulty, too long or of a patient who cannot be scored costs only itself. */
function nmrsFormat(
  mediaType: string,
  asOf: EpochDay,
  splitterOf: (maxBytes: number, onObject: OnObject) => Splitter,
): InputFormat {
  return {
    mediaTypes: [mediaType],
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
