import type { ObservationKind } from '../record/patient-record.ts';
import type { Exit, FindingReader } from './findings.ts';
import {
  readAdherence,
  readDsdModel,
  readFunctionalStatus,
  readPregnancy,
  readTbSymptoms,
  readWhoStage,
} from './findings.ts';

/**
 * NMRS's concepts by number and by the names that exports print. Source of the numbers: forms and constants of the public
 * module nmrs-nigeria/openmrs-module-nigeriaemr (CareCard.xml, pharmarcyOrderForm.xml, client_tracking_and_terminatio.xml,
 * hiv_enrollment_register.xml; PharmacyDictionary, ClinicalDictionary, NDRCommonQuestionsDictionary, Utils) and CIEL for
 * the WHO stages of children. Its care card labels 165288 poor and 165289 fair, its constants and its dictionary of adherence the
 * other way round: the constants are followed.
 */

/** A finding whose answers are concepts: numbers by answer, words where the export prints them. */
export interface CodedFinding {
  readonly kind: ObservationKind;
  readonly answers: ReadonlyMap<number, number>;
  readonly read: FindingReader;
  /** Whether a bare number without text is the value itself (stage 3; 1 for yes). */
  readonly numbers: readonly [min: number, max: number] | undefined;
}

/** What was dispensed. `of`: what a drug is that neither its number nor its name tells. */
export type DispensingTarget =
  | { readonly to: 'supply' }
  | { readonly to: 'line' }
  | { readonly to: 'drug'; readonly of: 'arv' | 'other' | 'unknown' }
  | { readonly to: 'lineDrug'; readonly line: number };

/** What was found, said or arranged. */
export type FindingTarget =
  | { readonly to: 'viralLoad' | 'transferIn' | 'session' }
  | { readonly to: 'terminationReason' | 'terminationDate' | 'causeOfDeath' | 'returned' }
  | { readonly to: 'date'; readonly kind: 'nextAppointment' | 'artStart' }
  | { readonly to: 'coded'; readonly finding: CodedFinding };

/** Where an observation goes. */
export type Target = DispensingTarget | FindingTarget | { readonly to: 'group' };

export function isDispensing(target: Target): target is DispensingTarget {
  return target.to === 'supply' || target.to === 'line' || target.to === 'drug' || target.to === 'lineDrug';
}

const coded = (
  kind: ObservationKind,
  read: FindingReader,
  answers: readonly (readonly [number, number])[],
  numbers?: readonly [number, number],
): Target => ({ to: 'coded', finding: { kind, read, answers: new Map(answers), numbers } });

const TARGETS: readonly (readonly [Target, ...(string | number)[]])[] = [
  [
    { to: 'supply' },
    'medication duration',
    'duration of medication',
    'days of arv refill',
    'duration (days)',
    159_368,
  ],
  [
    { to: 'drug', of: 'unknown' },
    'regimen',
    'medication dispensed',
    'medications dispensed',
    'drug dispensed',
    'drugs dispensed',
    'drug name',
    'medication',
  ],
  [{ to: 'drug', of: 'arv' }, 'arv regimen', 'current regimen', 'arv drug', 165_724],
  [{ to: 'drug', of: 'other' }, 'oi drug', 'oi drugs', 'anti-tb drug', 'anti-tb drugs', 165_727, 165_304],
  [{ to: 'line' }, 'regimen line', 'current regimen line', 'arv regimen line', 165_708],
  [{ to: 'lineDrug', line: 1 }, 'adult 1st line arv regimen', 'child 1st line arv regimen', 164_506, 164_507],
  [{ to: 'lineDrug', line: 2 }, 'adult 2nd line arv regimen', 'child 2nd line arv regimen', 164_513, 164_514],
  [{ to: 'lineDrug', line: 3 }, 'adult 3rd line arv regimen', 'child 3rd line arv regimen', 165_702, 165_703],
  [
    { to: 'group' },
    'arv drugs',
    'arv drugs grouping',
    'oi drugs grouping',
    'anti-tb drugs grouping',
    162_240,
    165_726,
    165_728,
  ],
  [
    { to: 'date', kind: 'nextAppointment' },
    'next appointment date',
    'next appointment',
    'return visit date',
    5096,
  ],
  [{ to: 'date', kind: 'artStart' }, 'art start date', 'date started on art', 'date art started', 159_599],
  [{ to: 'viralLoad' }, 'viral load', 'hiv viral load', 'viral load result', 'current viral load', 856],
  [
    coded(
      'whoStage',
      readWhoStage,
      [
        [1204, 1],
        [1205, 2],
        [1206, 3],
        [1207, 4],
        [1220, 1],
        [1221, 2],
        [1222, 3],
        [1223, 4],
        [165_282, 1],
        [165_283, 2],
        [165_284, 3],
        [165_285, 4],
      ],
      [1, 4],
    ),
    'who stage',
    'current who hiv stage',
    'who clinical stage',
    5356,
    165_286,
  ],
  [
    coded(
      'tbSymptoms',
      readTbSymptoms,
      [
        [1660, 0],
        [142_177, 1],
        [1661, 1],
        [1662, 1],
        [1663, 0],
        [166_042, 0],
        [1065, 1],
        [1066, 0],
      ],
      [0, 1],
    ),
    'tuberculosis symptom',
    'tuberculosis symptoms',
    'tb status',
    'tb screening',
    1659,
  ],
  [
    coded('functionalStatus', readFunctionalStatus, [
      [159_468, 0],
      [162_750, 0],
      [160_026, 1],
      [162_752, 2],
    ]),
    'functional status',
    165_039,
  ],
  [
    coded(
      'pregnancy',
      readPregnancy,
      [
        [165_047, 0],
        [165_048, 1],
        [165_049, 2],
        [1065, 1],
        [1066, 0],
      ],
      [0, 1],
    ),
    'pregnancy',
    'pregnancy status',
    'pregnancy/breastfeeding status',
    165_050,
  ],
  [
    coded('adherence', readAdherence, [
      [165_287, 0],
      [165_288, 1],
      [165_289, 2],
      [165_834, 1],
      [165_835, 2],
    ]),
    'arv adherence',
    'arv drug adherence',
    'adherence',
    165_290,
  ],
  [
    coded('dsdModel', readDsdModel, []),
    'dsd model',
    'differentiated service delivery',
    'differentiated care model',
  ],
  [
    { to: 'session' },
    'adherence counseling',
    'adherence counselling',
    'enhanced adherence counselling',
    165_038,
  ],
  [
    { to: 'terminationReason' },
    'reason for termination',
    'reason for terminating care',
    'patient outcome',
    165_470,
  ],
  [{ to: 'terminationDate' }, 'date of termination', 165_469],
  [{ to: 'causeOfDeath' }, 'cause of death', 165_889],
  [{ to: 'returned' }, 'date returned to care', 165_775],
  [
    { to: 'transferIn' },
    'care entry point',
    'date transferred in',
    'transfer in date',
    'transfer in',
    'transferred in',
    'transfer in status',
    'facility transferred from',
    'prior art',
    160_540,
    160_534,
    160_535,
    160_563,
    165_242,
  ],
];

const TARGET_BY_NAME = new Map<string | number, Target | undefined>();
for (const [target, ...names] of TARGETS) for (const name of names) TARGET_BY_NAME.set(name, target);
const MOST_NAMES = 5000;
const LONGEST_NAME = 200;

/** Target of an observation, by its name and else by its concept. */
export function targetOf(name: unknown, conceptId: unknown): Target | undefined {
  if (typeof name === 'string' && name.length <= LONGEST_NAME) {
    const target = TARGET_BY_NAME.get(name);
    if (target !== undefined) return target;
    if (!TARGET_BY_NAME.has(name)) {
      const found = TARGET_BY_NAME.get(
        name
          .replaceAll(/[\s_]+/gu, ' ')
          .trim()
          .toLowerCase(),
      );
      // Exports repeat a few hundred names: each spelling is folded once.
      if (TARGET_BY_NAME.size < MOST_NAMES) TARGET_BY_NAME.set(name, found);
      if (found !== undefined) return found;
    }
  }
  const concept = conceptOf(conceptId);
  return concept === undefined ? undefined : TARGET_BY_NAME.get(concept);
}

/** A number as it is, with a fraction of naught, or filled up to 36 characters as CIEL's UUIDs are. */
const CONCEPT = /^(\d{2,9})(?:\.0{1,3}|A{20,34})?$/u;

/** A concept's number: a number, its digits, or an object that has it. */
export function conceptOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  if (typeof value === 'string') {
    const digits = value.length <= 40 ? CONCEPT.exec(value)?.[1] : undefined;
    return digits === undefined ? undefined : Number(digits);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { conceptId, id, uuid } = value as Readonly<Record<string, unknown>>;
  const inner = conceptId ?? id ?? uuid;
  return typeof inner === 'object' ? undefined : conceptOf(inner);
}

/** Answers to "reason for termination": death, transferred out, lost to follow-up, discontinued care. */
export const EXIT_ANSWERS: ReadonlyMap<number, Exit> = new Map([
  [165_889, 'death'],
  [159_492, 'transferOut'],
  [5240, 'lost'],
  [165_916, 'stopped'],
]);

/** Answers that mean "transferred in": as the care entry point, and as prior ART with or without records. */
export const TRANSFER_IN_ANSWERS: ReadonlySet<number> = new Set([160_563, 165_238, 165_239]);

/** Lines of which the concept is the answer to "current regimen line". */
export const LINE_ANSWERS: ReadonlyMap<number, number> = new Map([
  [164_506, 1],
  [164_507, 1],
  [164_513, 2],
  [164_514, 2],
  [165_702, 3],
  [165_703, 3],
  [164_703, 3],
]);

/** Yes, no, unknown, not applicable, not done. */
export const YES_CONCEPT = 1065;
export const NO_SESSION_ANSWERS: ReadonlySet<number> = new Set([1066, 1067, 1118, 1175]);

/** Groups of observations on the pharmacy form: ARV drugs, drugs for opportunistic infections, anti-TB drugs. */
export const DRUG_GROUPS: ReadonlyMap<number, 'arv' | 'other'> = new Map([
  [162_240, 'arv'],
  [165_726, 'other'],
  [165_728, 'other'],
]);

/** Dispensed medicines that are no ARV, as answers: cotrimoxazole, fluconazole, nystatin, isoniazid and anti-TB drugs. */
export const OTHER_DRUG_ANSWERS: ReadonlySet<number> = new Set([
  165_257, 105_281, 71_160, 80_945, 76_488, 1679, 656, 767, 5829, 745, 438, 1108, 1194, 1677, 1131, 1674,
  1675, 83_352,
]);

/** Names of the regimens that are given most, so that a coded and a printed one are the same. */
export const REGIMEN_NAMES: ReadonlyMap<number, string> = new Map([
  [165_681, 'TDF-3TC-DTG'],
  [164_505, 'TDF-3TC-EFV'],
  [165_686, 'TDF-3TC-EFV400'],
  [162_565, 'TDF-3TC-NVP'],
  [165_682, 'TDF-FTC-DTG'],
  [104_565, 'TDF-FTC-EFV'],
  [164_854, 'TDF-FTC-NVP'],
  [160_124, 'AZT-3TC-EFV'],
  [1652, 'AZT-3TC-NVP'],
  [166_187, 'AZT-3TC-DTG'],
  [817, 'ABC-3TC-AZT'],
  [165_691, 'ABC-3TC-DTG'],
  [162_563, 'ABC-3TC-EFV'],
  [162_199, 'ABC-3TC-NVP'],
  [162_200, 'ABC-3TC-LPV/r'],
  [162_201, 'TDF-3TC-LPV/r'],
  [164_512, 'TDF-3TC-ATV/r'],
  [162_561, 'AZT-3TC-LPV/r'],
  [164_511, 'AZT-3TC-ATV/r'],
]);
