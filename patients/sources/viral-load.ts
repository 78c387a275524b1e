import { isMissing } from '#patients/values/missing.ts';
import { readNumber, type NumberStyle } from '#patients/values/numbers.ts';

const LONGEST_VIRAL_LOAD = 60;

/** A result below what the assay can count is 0 copies. */
const BELOW_DETECTION =
  /\b(tnd|ldl|lld|lldl?|llod|lloq|bdl|lod|undetect\w*|indetect\w*|suppressed|not detected|not detectable|non detect\w*|nao detect\w*|none detected|no (?:hiv |target |rna |virus |hiv rna )?detected|nd|below (the )?(limit|level|detection|detectable)\w*|less than detect\w*)\b/u;
const UNSUPPRESSED = /\b(un|not |non )suppressed\b/u;
/** A sample without a result: nothing is known. */
const NO_RESULT =
  /\b(pending|awaiting|await\w*|reject\w*|fail\w*|invalid|error|repeat|no result|not done|not seen|not available|insufficient|haemoly\w*|hemoly\w*|lost|cancel\w*|target failure|in ?progress|collected|sent|due|not due|not eligible)\b/u;
const UNITS = /(copies|copy|cps|cp|c|iu) ?\/? ?(ml|per ml)?$/u;
const LOG = /log ?(?:10\b)?/u;
/** "Detected, <20", "VL: 20": words before the number that it says by itself. */
const BEFORE = /^(?:(?:hiv|vl|viral load|detected|result|positive|target)[ ,:;=-]{1,3}){1,3}(?=[<>≤≥~≈=\d])/u;
/** "20 (suppressed)", "20*": notes behind it. */
const BEHIND = /(?<=[\d.lyp]) ?(?:\*{1,3}|\([a-z <>\d.,-]{1,30}\))$/u;
const LESS_IN_WORDS = /^(?:less than|lower than|below|under|inferior a|inferieur a) ?(?=\d)/u;
const SIGNS: Readonly<Record<string, string>> = { '<': '<', '>': '>', '≥': '>', '≤': '', '~': '', '≈': '' };
const THOUSANDS = /^(\d{1,6}(?:\.\d{1,3})?) ?k$/u;
const POWER_OF_TEN = /^(\d{1,6}(?:\.\d{1,3})?) ?[x×*] ?10 ?(?:\^|e|\*\*)? ?([2-8])$/u;

/** `unreadable`: a text that says nothing of the kind; the patient is kept, the value is missing. */
export type ViralLoad = number | 'unreadable';

/**
 * Reads a viral load in copies/mL as laboratories and lists write it, in a column of that number style: a number with
 * or without units, "< 20" (one below the bound), "> 10,000,000" (the bound), "3.5 log"; words of suppression are 0.
 * `NaN` where there is no result yet.
 */
export function readViralLoad(text: string, style: NumberStyle = 'unknown'): ViralLoad {
  if (isMissing(text)) return Number.NaN;
  const plain = plainOf(text);
  const stripped = plain.replace(BEFORE, '').replace(BEHIND, '').replace(LESS_IN_WORDS, '<');
  const sign = SIGNS[stripped[0] ?? ''];
  const digits = bare(sign === undefined ? stripped : stripped.slice(1));
  const isLog = LOG.test(digits);
  const number = numberOf(isLog ? digits.replace(LOG, '').trim() : digits, style);
  if (number !== undefined && number >= 0) {
    const copies = isLog ? Math.round(10 ** number) : number;
    if (!Number.isFinite(copies)) return 'unreadable';
    return sign === '<' ? Math.max(0, copies - 1) : copies;
  }
  if (UNSUPPRESSED.test(plain)) return 'unreadable';
  if (NO_RESULT.test(plain)) return Number.NaN;
  return BELOW_DETECTION.test(plain) ? 0 : 'unreadable';
}

/** The number of a viral-load cell without sign and unit, as its style is judged by. */
export function bareViralLoad(text: string): string {
  const plain = text.slice(0, LONGEST_VIRAL_LOAD).trim().toLowerCase();
  return bare(plain.replace(/^[<>]/u, ''));
}

function bare(text: string): string {
  const number = text
    .replace(/^[= ]{0,3}/u, '')
    .replace(UNITS, '')
    .trim();
  const thousands = THOUSANDS.exec(number)?.[1];
  if (thousands !== undefined) return String(Math.round(Number(thousands) * 1_000));
  const [, base, power] = POWER_OF_TEN.exec(number) ?? [];
  return power === undefined ? number : String(Math.round(Number(base) * 10 ** Number(power)));
}

/** Cut, in lower case and without accents. */
function plainOf(text: string): string {
  const plain = text.slice(0, LONGEST_VIRAL_LOAD).trim().toLowerCase();
  return /[\u00c0-\u024f]/u.test(plain) ? plain.normalize('NFD').replaceAll(/\p{M}/gu, '') : plain;
}

/** Copies are whole: 1,234 in a column that shows no style is one thousand two hundred and thirty-four. */
function numberOf(text: string, style: NumberStyle): number | undefined {
  const number = readNumber(text, style);
  if (number !== 'ambiguous') return number;
  const grouped = readNumber(text, 'point');
  return typeof grouped === 'number' ? grouped : undefined;
}
