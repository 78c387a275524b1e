import { parseArgs } from 'node:util';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { DEFAULT_TRANSFERS_IN, NO_SHIFT, type CohortOptions, type PopulationKind } from './cohort.ts';
import type { Shift } from './person.ts';

/** End of the synthetic data where none is given: fixed, so that a seed alone names the bytes. */
export const DEFAULT_AS_OF = '2026-06-30';

export const USAGE = `npm run cohort -- [options] > file

Writes a SYNTHETIC cohort of patients on ART to standard output. Nobody in it exists.

  --rows N             patients (default 1000)
  --seed S             same seed, same bytes (default 1)
  --kind flat          feature table: patient_id, facility_id, due_date, features (default)
         nmrs          NMRS patient messages, one JSON object a line
         radet         LAMIS+ ART line list (RADET) as CSV, its 91 columns
         nmrs-line-list, ndr
                       the ART line list of NMRS, the treatment line list of the NDR: days of refill
         fhir          FHIR R4 resources, one a line, as Bulk Data has them
  --format csv|ndjson  of the flat table (default csv)
  --as-of YYYY-MM-DD   last day of the data (default ${DEFAULT_AS_OF})
  --population active  patients in care on that day (default)
               ever    with the interrupted, the dead and those transferred out: for training (not flat)
  --extra-history DAYS records further back than the features look (default 0; training takes 780)
  --snapshots K        monthly line lists up to the as-of date; several have a column Snapshot Date (default 1)
  --transfers-in PERCENT
                       patients who began ART elsewhere, with a history that nobody here knows (default 3, about what
                       programmes have)
  --shift ages=10,lateness=2
                       years added to every age, factor on the days late
`;

const KINDS = ['flat', 'nmrs', 'radet', 'nmrs-line-list', 'ndr', 'fhir'] as const;
const FORMATS = ['csv', 'ndjson'] as const;

export interface CohortCommand {
  readonly kind: (typeof KINDS)[number];
  readonly format: 'csv' | 'ndjson';
  readonly snapshots: number;
  readonly cohort: CohortOptions;
}

/** Reads the command line. Throws an `Error` that names every wrong option at once. */
export function readCommand(args: readonly string[]): CohortCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string', default: 'flat' },
      format: { type: 'string' },
      'as-of': { type: 'string', default: DEFAULT_AS_OF },
      population: { type: 'string', default: 'active' },
      'extra-history': { type: 'string', default: '0' },
      snapshots: { type: 'string', default: '1' },
      shift: { type: 'string', default: '' },
      'transfers-in': { type: 'string', default: String(100 * DEFAULT_TRANSFERS_IN) },
    },
  });
  const faults: string[] = [];
  const whole = (
    name: 'rows' | 'seed' | 'extra-history' | 'snapshots' | 'transfers-in',
    min: number,
  ): number => {
    const text = values[name];
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= min) return value;
    faults.push(`--${name} must be a whole number from ${min}, not ${JSON.stringify(text)}`);
    return min;
  };
  const oneOf = <T extends string>(name: 'kind' | 'format' | 'population', allowed: readonly T[]): T => {
    const text = values[name] ?? allowed[0]!;
    const found = allowed.find((a) => a === text);
    if (found === undefined)
      faults.push(`--${name} must be one of ${allowed.join(', ')}, not ${JSON.stringify(text)}`);
    return found ?? allowed[0]!;
  };
  const asOf = parseIsoDay(values['as-of']);
  if (Number.isNaN(asOf) || values['as-of'].length !== 10)
    faults.push(`--as-of must be a date YYYY-MM-DD, not ${JSON.stringify(values['as-of'])}`);
  const kind = oneOf('kind', KINDS);
  const population: PopulationKind = oneOf('population', ['active', 'ever'] as const);
  const command: CohortCommand = {
    kind,
    format:
      kind === 'flat' ? oneOf('format', FORMATS) : kind === 'nmrs' || kind === 'fhir' ? 'ndjson' : 'csv',
    snapshots: whole('snapshots', 1),
    cohort: {
      rows: whole('rows', 0),
      seed: whole('seed', 0),
      asOf,
      population,
      extraHistoryDays: whole('extra-history', 0),
      shift: readShift(values.shift, faults),
      transfersIn: Math.min(100, whole('transfers-in', 0)) / 100,
    },
  };
  if (kind === 'flat' && population === 'ever')
    faults.push('--population ever needs another --kind than flat: a flat row is a patient to be scored');
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return command;
}

function readShift(text: string, faults: string[]): Shift {
  const shift = { ...NO_SHIFT };
  for (const part of text === '' ? [] : text.split(',')) {
    const match = /^(ages|lateness)=(-?\d+(?:\.\d+)?)$/.exec(part);
    if (match) shift[match[1] as keyof Shift] = Number(match[2]);
    else faults.push(`--shift takes ages=YEARS and lateness=FACTOR, not ${JSON.stringify(part)}`);
  }
  return shift;
}
