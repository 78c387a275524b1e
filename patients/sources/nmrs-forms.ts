import { remembered, wordsOf } from './plain-text.ts';

/**
 * What a form says of the patient: `pharmacy` medicines were fetched · `care` the patient was seen for HIV care · `contact`
 * seen for something else · `absent` written without the patient · `unknown` no form is named.
 */
export type FormKind = 'pharmacy' | 'care' | 'contact' | 'absent' | 'unknown';

const PHARMACY = ['pharmac', 'dispens', 'refill', 'drug pick', 'arv pick'];
/** Tracking, laboratory orders and results, calls and visits to the home: nobody came. */
const ABSENT = [
  'track',
  'terminat',
  'laborator',
  'lab',
  'result',
  'phone',
  'telephone',
  'call',
  'sms',
  'whatsapp',
  'email',
  'letter',
  'reminder',
  'message',
  'home',
  'default',
  'missed',
  'tracing',
  'traced',
  'transfer',
  'referral',
  'death',
  'mortality',
  'outcome',
  'partner',
  'index',
  'contacts',
  'audit',
  'verification',
  'dqa',
  'remote',
  'virtual',
];
const CARE = [
  'care',
  'art',
  'hiv',
  'arv',
  'clinical',
  'follow',
  'enrol',
  'commencement',
  'eac',
  'adherence',
  'regimen',
];
/** HIV care given within another service is that service's form. */
const OTHER_CLINIC = [
  'antenatal',
  'anc',
  'delivery',
  'immuni',
  'family',
  'fp',
  'ncd',
  'hypertens',
  'cervical',
  'dental',
  'eye',
  'tb',
  'nutrition',
  'child',
  'infant',
  'general',
  'opd',
  'maternal',
  'mother',
  'postnatal',
  'pnc',
  'labour',
];

/** Kind of a form by its name, in whatever case. */
export const formKind: (name: string) => FormKind = remembered((plain): FormKind => {
  if (plain === '') return 'unknown';
  const words = wordsOf(plain);
  const joined = words.join(' ');
  const has = (parts: readonly string[]) =>
    parts.some(
      (part) =>
        words.some((word) => (part.length <= 3 ? word === part : word.startsWith(part))) ||
        (part.includes(' ') && joined.includes(part)),
    );
  if (has(PHARMACY)) return 'pharmacy';
  if (has(ABSENT)) return 'absent';
  if (has(OTHER_CLINIC)) return 'contact';
  return has(CARE) ? 'care' : 'contact';
});

/**
 * Kinds by NMRS's encounter types (13 pharmacy, 12 care card, 11 laboratory, 15 tracking and termination, 14 enrolment,
 * 25 ART commencement, 8, 24 and 26 initial evaluations, 31 sample collection, 20 intake, 9, 10, 16 and 18 mother and child).
 * Source: constants of the public module nmrs-nigeria/openmrs-module-nigeriaemr, ndrUtils/Utils.java.
 */
export const ENCOUNTER_TYPES: ReadonlyMap<number, FormKind> = new Map([
  [13, 'pharmacy'],
  [12, 'care'],
  [11, 'absent'],
  [15, 'absent'],
  [14, 'care'],
  [25, 'care'],
  [8, 'care'],
  [24, 'care'],
  [26, 'care'],
  [31, 'contact'],
  [20, 'contact'],
  [9, 'contact'],
  [10, 'contact'],
  [16, 'contact'],
  [18, 'contact'],
]);

/** NMRS's number of the Pharmacy Order Form, where an export names forms by number alone. */
export const PHARMACY_FORM_ID = 27;
