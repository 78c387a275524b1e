import { isMissing } from '../values/missing.ts';
import { readBoolean } from '../values/booleans.ts';
import { DEATH_OF_ANOTHER } from './death-of-another.ts';
import { readRefill } from './line-list/refill.ts';
import { readViralLoad as readViralLoadCell } from './viral-load.ts';
import { clausesOf, remembered, wordsOf } from './plain-text.ts';

/**
 * Reads a finding's wording: its code, `NaN` where it says that nothing is known, `undefined` where it cannot be read.
 * Codes are those of the feature's categories.
 */
export type FindingReader = (text: string) => number | undefined;

const NEGATIONS: ReadonlySet<string> = new Set([
  'no',
  'not',
  'non',
  'none',
  'nil',
  'never',
  'neg',
  'negative',
  'without',
  'denies',
  'isn',
  'wasn',
  'false',
  'nobody',
]);

function finding(read: (plain: string, words: readonly string[]) => number | undefined): FindingReader {
  return remembered((plain) => (isMissing(plain) ? Number.NaN : read(plain, wordsOf(plain))));
}

const MOST_WORDS_DENIED = 4;

/** Whether one of `wanted` (beginnings of words) stands in the text: `no` where it is denied shortly before, each time. */
function said(plain: string, ...wanted: readonly string[]): 'yes' | 'no' | undefined {
  const words = clausesOf(plain);
  let denied = Number.NEGATIVE_INFINITY;
  let found: 'yes' | 'no' | undefined;
  for (const [at, word] of words.entries()) {
    if (NEGATIONS.has(word) && words[at + 1] !== 'longer') denied = at;
    else if (word === 'but' || word === 'and' || !/[\p{L}\p{N}]/u.test(word))
      denied = Number.NEGATIVE_INFINITY;
    if (!wanted.some((beginning) => word.startsWith(beginning))) continue;
    if (at - denied > MOST_WORDS_DENIED) return 'yes';
    found = 'no';
  }
  return found;
}

const ROMAN: Readonly<Record<string, number>> = {
  i: 1,
  ii: 2,
  iii: 3,
  iv: 4,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  '1': 1,
  '2': 2,
  '3': 3,
  '4': 4,
};

/** WHO stage 1–4: "WHO STAGE 3 ADULT", "Stage II", "T4", "iv". */
export const readWhoStage = finding((_, words) => {
  const at = words.findIndex((word) => word === 'stage' || word === 'staging');
  const named = at < 0 ? undefined : ROMAN[words[at + 1] ?? ''];
  if (named !== undefined) return named;
  for (const word of words) {
    const stage = ROMAN[word] ?? ROMAN[/^(?:stage|t|s)([1-4])$/u.exec(word)?.[1] ?? ''];
    if (stage !== undefined) return stage;
  }
  return undefined;
});

const LINE_WORDS: Readonly<Record<string, number>> = {
  first: 1,
  '1st': 1,
  firstline: 1,
  secondline: 2,
  thirdline: 3,
  '1l': 1,
  second: 2,
  '2nd': 2,
  '2l': 2,
  third: 3,
  '3rd': 3,
  '3l': 3,
  salvage: 3,
};

/** Line of a regimen 1–3; `NaN` for the name of a drug ("3TC"), which is no line. */
export const readRegimenLine = finding((plain, words) => {
  for (const word of words) if (LINE_WORDS[word] !== undefined) return LINE_WORDS[word];
  const at = words.findIndex((word) => word === 'line' || word === 'l');
  for (const word of at < 0 ? [] : [words[at + 1], words[at - 1]]) {
    if (word === '1' || word === '2' || word === '3') return Number(word);
    if (word === 'i' || word === 'ii' || word === 'iii') return ROMAN[word];
  }
  if (/^[1-3](?:\.0)?$/u.test(plain)) return Number(plain[0]);
  return words.some(isArvWord) ? Number.NaN : undefined;
});

/** Whether tuberculosis symptoms, or the disease under treatment, were found: 1 or 0. Prevention and cure are none. */
export const readTbSymptoms = finding((plain, words) => {
  const answer = readBoolean(plain);
  if (answer !== undefined) return answer;
  if (words.some((word) => word.startsWith('asymptom') || word === 'cured' || word === 'negative')) return 0;
  if (said(plain, 'complet') === 'yes') return 0;
  if (words.some((word) => word === 'ipt' || word === 'tpt' || word.startsWith('prophyla') || word === '3hp'))
    return 0;
  if (words[0] !== undefined && NEGATIONS.has(words[0])) return 0;
  const found = said(
    plain,
    'presum',
    'suspect',
    'symptom',
    'sign',
    'positive',
    'confirm',
    'diagnos',
    'disease',
    'treatment',
    'active',
    'cough',
    'fever',
    'weight',
    'sweat',
    'haemopt',
    'hemopt',
  );
  if (found !== undefined) return found === 'yes' ? 1 : 0;
  return words.some((word) => NEGATIONS.has(word)) ? 0 : undefined;
});

/** 0 working, 1 ambulatory, 2 bedridden. */
export const readFunctionalStatus = finding((plain, words) => {
  if (said(plain, 'bed') === 'yes' || words[0] === 'b') return 2;
  if (said(plain, 'ambula') === 'yes' || words[0] === 'a') return 1;
  return said(plain, 'work') === 'yes' || words[0] === 'w' ? 0 : undefined;
});

/** 0 not pregnant, 1 pregnant, 2 breast-feeding. */
export const readPregnancy = finding((plain) => {
  const feeds = said(plain, 'breast', 'lactat', 'postpart', 'post', 'bf');
  if (feeds === 'yes') return 2;
  const answer = readBoolean(plain);
  if (answer !== undefined) return answer;
  const isPregnant = said(plain, 'pregnan');
  if (isPregnant !== undefined) return isPregnant === 'yes' ? 1 : 0;
  return plain === 'p' ? 1 : plain === 'np' || feeds === 'no' ? 0 : undefined;
});

/** 0 good, 1 fair, 2 poor, by word, else by the percentage: 95 and more good, 85 and more fair, less poor. */
export const readAdherence = finding((plain, words) => {
  if (words.some((word) => word === 'poor' || word === 'bad' || word === 'p')) return 2;
  if (words.some((word) => word === 'fair' || word === 'f' || word === 'moderate')) return 1;
  if (words.some((word) => word === 'good' || word === 'excellent' || word === 'g'))
    return said(plain, 'good', 'excellent') === 'no' ? 2 : 0;
  if (!plain.includes('%') && !/^[<>≤≥]?\s?=?\s?\d{1,3}(?:\.\d{1,3})?$/u.test(plain)) return undefined;
  const percent = /([<>≤≥]?)\s?=?\s?(\d{1,3})(?:\.\d{1,3})?\s?%?/u.exec(plain);
  if (percent === null) return undefined;
  const value = Number(percent[2]);
  if (value > 100) return undefined;
  if (percent[1] === '<') return value <= 85 ? 2 : 1;
  return value >= 95 ? 0 : value >= 85 ? 1 : 2;
});

const NOT_DONE: ReadonlySet<string> = new Set([
  'declined',
  'refused',
  'pending',
  'deferred',
  'missed',
  'postponed',
  'cancelled',
]);

/** Whether a session was held: 0 for "no", "not done", "declined" and the like, `NaN` for "N/A", else 1. */
export const readSession = finding((plain, words) => {
  const answer = readBoolean(plain);
  if (answer !== undefined) return answer;
  return words.some((word) => NOT_DONE.has(word) || NEGATIONS.has(word)) ? 0 : 1;
});

/** Model of service delivery, by the feature's codes 0–4. */
export const readDsdModel = finding((plain, words) => {
  const has = (...wanted: readonly string[]) => wanted.some((part) => plain.includes(part));
  if (has('fast track', 'fast-track', 'fasttrack', 'multi month', 'multi-month', 'mmd', 'mms')) return 1;
  const isGroup = words.some((word) => word.startsWith('group') || word.startsWith('club') || word === 'otz');
  if ((isGroup && has('facility')) || has('adherence club')) return 2;
  if (has('pharmac', 'home', 'courier', 'deliver', 'cpart', 'patent medicine')) return 4;
  if (
    isGroup ||
    words.some((word) => word === 'cag' || word === 'carg' || word === 'cart' || word === 'carc') ||
    has('c-art')
  )
    return 3;
  if (words[0] === 'no' || has('facility', 'standard', 'conventional', 'not devolved')) return 0;
  return undefined;
});

/** How care ended, as a termination form or a status says. `back`: it did not, or it began again; `none`: nothing is said. */
export type Exit = 'death' | 'transferOut' | 'stopped' | 'lost' | 'back' | 'none';

/** Reads a reason for termination; `undefined` where it says nothing of the kind. "Not dead", "transferred in" are none. */
export const readExit: (text: string) => Exit | undefined = remembered((text) => {
  if (isMissing(text)) return 'none';
  const plain = text.replace(DEATH_OF_ANOTHER, ' ').trim();
  const words = wordsOf(plain);
  const died = said(plain, 'dead', 'death', 'died', 'decease', 'demise', 'mortality');
  if (died === undefined && /\bpassed (?:away|on)\b|^expired$/u.test(plain)) return 'death';
  if (died !== undefined) return died === 'yes' && said(plain, 'error', 'wrong') !== 'yes' ? 'death' : 'back';
  const left = said(plain, 'transfer', 'moved', 'relocat');
  if (left === 'yes' || /^(?:art )?t\.?\/?o\.?$/u.test(plain)) {
    const isIn = words.some((word) => word === 'in' || word === 'transferin') && !words.includes('out');
    return isIn ? 'back' : 'transferOut';
  }
  if (left === 'no') return 'back';
  if (
    said(plain, 'return', 'alive', 'found', 'reactivat', 'resum', 'restart', 'back', 'relink', 'active') ===
    'yes'
  )
    return 'back';
  const stopped = said(plain, 'stop', 'discontinu', 'refus', 'declin', 'withdr', 'opted', 'quit');
  if (stopped !== undefined) return stopped === 'yes' ? 'stopped' : 'back';
  const lost = said(plain, 'lost', 'ltfu', 'lfu', 'default', 'iit', 'interrupt', 'abscond');
  return lost === undefined ? undefined : lost === 'yes' ? 'lost' : 'back';
});

/** Viral load in copies/mL, by the one rule of lists and messages; `NaN` where it says that there is no result. */
export const readViralLoad: FindingReader = finding((plain) => {
  const load = readViralLoadCell(plain);
  return load === 'unreadable' ? undefined : load;
});

/** Days of supply from "90", "90.0 days", "3 months", "2 weeks", and as line lists write a refill; a bare number is given back as it is. */
export const readSupply: (text: string) => { value: number; isBare: boolean } | undefined = remembered(
  (plain) => {
    const parts = /^(\d{1,6}(?:[.,]\d{1,6})?)\s?(?:\/7|\/12|([a-z]{1,8}))?\.?(?:\s.{0,40})?$/u.exec(plain);
    if (parts === null) {
      // "MMD3", "3+", "three months": as lists write them.
      const refill = readRefill(plain, 'days');
      return refill && { value: refill.days, isBare: refill.unit === undefined };
    }
    const value = Number(parts[1]!.replace(',', '.'));
    const unit = parts[2] ?? (plain.includes('/12') ? 'm' : plain.includes('/7') ? 'd' : '');
    if (unit === '') return { value, isBare: true };
    if (unit.startsWith('m')) return { value: value * 30, isBare: false };
    if (unit.startsWith('w')) return { value: value * 7, isBare: false };
    return unit.startsWith('d') ? { value, isBare: false } : undefined;
  },
);

const ARV_WORDS: ReadonlySet<string> = new Set(
  (
    'tdf taf tenofovir 3tc lam lamivudine ftc emtricitabine dtg dolutegravir efv efavirenz efv400 efv600 nvp nevirapine ' +
    'azt zdv zidovudine abc abacavir lpv lpvr lopinavir rtv ritonavir atv atvr atazanavir drv darunavir ral raltegravir ' +
    'd4t stavudine ddi didanosine etv etravirine rpv rilpivirine bic bictegravir cab cabotegravir tld tle tldr ald tlr ' +
    'arv arvs art haart duovir combivir kaletra aluvia truvada viraday sqv saquinavir idv indinavir nfv nelfinavir pdtg paldtg'
  ).split(' '),
);

function isArvWord(word: string): boolean {
  return ARV_WORDS.has(word) || /^(?:tdf|tld|azt|abc|dtg|3tc)\d{0,3}(?:mg)?$/u.test(word);
}

const OTHER_DRUGS = [
  'cotrim',
  'co trim',
  'trimox',
  'septrin',
  'bactrim',
  'ctx',
  'sulfa',
  'sulpha',
  'trimethoprim',
  'isoniaz',
  'inh',
  'ipt',
  'tpt',
  '3hp',
  '1hp',
  '3hr',
  'rifa',
  'rhze',
  'hrze',
  'rhz',
  'rh',
  'ethambutol',
  'pyrazin',
  'pyridox',
  'streptomycin',
  'bedaquiline',
  'linezolid',
  'levoflox',
  'fluconazol',
  'nystatin',
  'amphotericin',
  'flucytosine',
  'acyclovir',
  'aciclovir',
  'amoxi',
  'azithro',
  'cipro',
  'metronid',
  'ceftri',
  'dapsone',
  'albendazol',
  'artem',
  'arteme',
  'paracetamol',
  'ibuprofen',
  'vitamin',
  'multivit',
  'b complex',
  'b6',
  'folic',
  'ferrous',
  'iron',
  'zinc',
  'ors',
  'amlodipine',
  'metformin',
  'lisinopril',
  'hydrochloro',
  'insulin',
  'condom',
  'depo',
  'implant',
];

/** Which kind of drug a name means: `arv` by any of its parts, else `other` for medicines known to be none. */
export const drugKind: (name: string) => 'arv' | 'other' | 'unknown' = remembered((plain) => {
  const words = wordsOf(plain);
  if (words.some(isArvWord)) return 'arv';
  const joined = words.join(' ');
  const isOther = OTHER_DRUGS.some((drug) =>
    drug.length <= 3
      ? words.includes(drug) || words.some((word) => word.startsWith(drug) && /\d/u.test(word))
      : joined.includes(drug),
  );
  return isOther ? 'other' : 'unknown';
});
