import { featureByName } from '#patients/features/features.ts';

/** Reads one wording of a finding: its code, or `NaN` where the wording says that nothing is known. */
export type Vocabulary = (text: string) => number;

const MOST_REMEMBERED = 500;

/** Remembers what each wording meant: exports use a handful of them millions of times. */
function remembered(read: Vocabulary): Vocabulary {
  const known = new Map<string, number>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const code = read(text.trim().toLowerCase());
    if (known.size < MOST_REMEMBERED) known.set(text, code);
    return code;
  };
}

function byPattern(...patterns: readonly (readonly [RegExp, number])[]): Vocabulary {
  return remembered((text) => patterns.find(([pattern]) => pattern.test(text))?.[1] ?? Number.NaN);
}

/** Wordings of EMR and line list, in lower case, most specific first. */
export const WORDINGS = {
  sex: byPattern([/^(f|female|woman|girl)\b/, 0], [/^(m|male|man|boy)\b/, 1]),
  whoStage: byPattern([/\b(iv|4)\b/, 4], [/\b(iii|3)\b/, 3], [/\b(ii|2)\b/, 2], [/\b(i|1)\b/, 1]),
  regimenLine: byPattern([/third|3|salvage/, 3], [/second|2/, 2], [/first|1/, 1]),
  tbSymptoms: byPattern(
    [/^(no|none|negative)\b|no (tb|sign|symptom)|not (suspected|presumptive)/, 0],
    [/presumptive|suspect|symptom|positive|treatment|confirmed|^yes\b|disease/, 1],
  ),
  functionalStatus: byPattern([/^w/, 0], [/^a/, 1], [/^b/, 2]),
  pregnancy: byPattern(
    [/^not|^no\b|non.?pregnant/, 0],
    [/breast|lactat|post.?part/, 2],
    [/pregnan|^yes\b/, 1],
  ),
  adherence: byPattern([/good|excellent|>\s*95/, 0], [/fair|85/, 1], [/poor|bad|<\s*85/, 2]),
  dsdModel: remembered((text) => {
    const exact = featureByName('dsd_model')?.categories?.find((c) => c.label === text);
    if (exact) return exact.code;
    if (/fast.?track|multi.?month|mmd/.test(text)) return 1;
    if (/facility.{0,60}(?:group|club)|adherence club/.test(text)) return 2;
    if (/pharmac|home|courier|deliver/.test(text)) return 4;
    if (/group|club|c-?art|cag\b|carg\b/.test(text)) return 3;
    return /facility|standard|conventional|not devolved|^no\b/.test(text) ? 0 : Number.NaN;
  }),
  /** 1 died, 2 transferred out, 0 any other reason */
  termination: byPattern([/death|died|dead/, 1], [/transfer/, 2], [/./, 0]),
  /** 1 died, 2 transferred out, 0 any other ART status ("ART Transfer In" is one) */
  exit: byPattern([/death|died|dead/, 1], [/transfer(red)?.?out/, 2], [/./, 0]),
} as const;

/**
 * Viral load in copies/mL: a number with or without thousands' commas; "not detected", "TND", "LDL" and
 * "< 20" count as the bound below which nothing was counted: 0 for the words, one less for a number.
 * `NaN` for an empty text, `undefined` for one that says nothing of the kind.
 */
export function readViralLoad(text: string): number | undefined {
  const plain = text.trim().toLowerCase().replaceAll(',', '');
  if (plain === '') return Number.NaN;
  if (/^\d+(\.\d+)?(\s*(c|cp|copies)(\/ml)?)?$/.test(plain)) return Number.parseFloat(plain);
  if (/tnd|ldl|not detected|undetect/.test(plain)) return 0;
  const below = /^<\s*(\d+)/.exec(plain);
  if (below) return Math.max(0, Number(below[1]) - 1);
  const above = /^>\s*(\d+)/.exec(plain);
  return above ? Number(above[1]) : undefined;
}

/** Days of supply from "90", "90 days" or "3 months"; `undefined` for anything else. */
export function readSupply(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(days?|d|months?|m|weeks?|w)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = match[2]?.[0]?.toLowerCase();
  return Math.round(Number(match[1]) * (unit === 'm' ? 30 : unit === 'w' ? 7 : 1));
}
