import { isMissing } from '#patients/values/missing.ts';
import { readNumber, type NumberStyle } from '#patients/values/numbers.ts';

const LONGEST_VIRAL_LOAD = 60;

/** A result below what the assay can count is 0 copies. */
const BELOW_DETECTION =
  /\b(tnd|ldl|lld|bdl|lod|undetect\w*|suppressed|not detected|not detectable|none detected|nd|below (the )?(limit|level|detection|detectable)\w*|less than detect\w*)\b/u;
const UNSUPPRESSED = /\b(un|not |non )suppressed\b/u;
/** A sample without a result: nothing is known. */
const NO_RESULT =
  /\b(pending|awaiting|await\w*|reject\w*|fail\w*|invalid|error|repeat|no result|not done|not seen|not available|insufficient|haemoly\w*|hemoly\w*|lost|cancel\w*|target failure|in ?progress|collected|sent|due|not due|not eligible)\b/u;
const UNITS = /(copies|copy|cps|cp|c|iu) ?\/? ?(ml|per ml)?$/u;
const LOG = /log ?(?:10\b)?/u;

/** `unreadable`: a text that says nothing of the kind; the patient is kept, the value is missing. */
export type ViralLoad = number | 'unreadable';

/**
 * Reads a viral load in copies/mL as laboratories and lists write it, in a column of that number style: a number with
 * or without units, "< 20" (one below the bound), "> 10,000,000" (the bound), "3.5 log"; words of suppression are 0.
 * `NaN` where there is no result yet.
 */
export function readViralLoad(text: string, style: NumberStyle = 'unknown'): ViralLoad {
  if (isMissing(text)) return Number.NaN;
  const plain = text.slice(0, LONGEST_VIRAL_LOAD).trim().toLowerCase();
  const sign = plain[0] === '<' || plain[0] === '>' ? plain[0] : '';
  const digits = bare(sign === '' ? plain : plain.slice(1));
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
  return text
    .replace(/^[= ]{0,3}/u, '')
    .replace(UNITS, '')
    .trim();
}

/** Copies are whole: 1,234 in a column that shows no style is one thousand two hundred and thirty-four. */
function numberOf(text: string, style: NumberStyle): number | undefined {
  const number = readNumber(text, style);
  if (number !== 'ambiguous') return number;
  const grouped = readNumber(text, 'point');
  return typeof grouped === 'number' ? grouped : undefined;
}
