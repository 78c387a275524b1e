import { featureByName } from '#patients/features/features.ts';
import { readViralLoad as readViralLoadCell } from './viral-load.ts';

/** Reads one wording of a finding: its code, or `NaN` where the wording says that nothing is known. */
export type Vocabulary = (text: string) => number;

const MOST_REMEMBERED = 500;
/** No finding is told in more: texts are cut before any pattern sees them. */
const LONGEST_WORDING = 100;

/** Remembers what each wording meant: exports use a handful of them millions of times. */
function remembered(read: Vocabulary): Vocabulary {
  const known = new Map<string, number>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const code = read(withoutAccents(text.slice(0, LONGEST_WORDING).trim().toLowerCase()));
    if (known.size < MOST_REMEMBERED && text.length <= LONGEST_WORDING) known.set(text, code);
    return code;
  };
}

function withoutAccents(text: string): string {
  return /[\u00c0-\u024f]/u.test(text) ? text.normalize('NFD').replaceAll(/\p{M}/gu, '') : text;
}

function byPattern(...patterns: readonly (readonly [RegExp, number])[]): Vocabulary {
  return remembered((text) => patterns.find(([pattern]) => pattern.test(text))?.[1] ?? Number.NaN);
}

/** Wordings of EMR and line list, in lower case, most specific first. */
export const WORDINGS = {
  sex: byPattern([/^(f|female|woman|girl)\b/, 0], [/^(m|male|man|boy)\b/, 1]),
  whoStage: byPattern([/\b(iv|4)\b/, 4], [/\b(iii|3)\b/, 3], [/\b(ii|2)\b/, 2], [/\b(i|1)\b/, 1]),
  /** A drug's name (3TC) is no line, nor is a count of drugs or months; a line in words or as 1st, 2nd, 3rd is one. */
  regimenLine: byPattern(
    [
      /second|segunda|deuxieme|(?<![a-z0-9])(2nd|2eme|2a|2ª|2l|l2)(?![a-z0-9])|(?<![a-z0-9])2nd|line[^a-z0-9]?(2|ii)(?![a-z0-9])|^(2|ii)(\.0)?$/,
      2,
    ],
    [
      /third|terceira|troisieme|salvage|(?<![a-z0-9])(3eme|3a|3ª|3l|l3)(?![a-z0-9])|(?<![a-z0-9])3rd|line[^a-z0-9]?(3|iii)(?![a-z0-9])|^(3|iii)(\.0)?$/,
      3,
    ],
    [
      /first|primeira|premiere|(?<![a-z0-9])(1ere|1re|1a|1ª|1l|l1)(?![a-z0-9])|(?<![a-z0-9])1st|line[^a-z0-9]?(1|i)(?![a-z0-9])|^(1|i)(\.0)?$/,
      1,
    ],
  ),
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
    if (/fast.?track|multi.?month|\bmm[ds]\b/.test(text)) return 1;
    if (/facility.{0,60}(?:group|club)|adherence club/.test(text)) return 2;
    if (/pharmac|home|courier|deliver|\bcparp\b|\bddd\b/.test(text)) return 4;
    if (/group|club|c-?art|cag\b|carg\b/.test(text)) return 3;
    return /facility|standard|conventional|not devolved|^no\b/.test(text) ? 0 : Number.NaN;
  }),
  /** 1 died, 2 transferred out, 0 any other reason */
  termination: byPattern([/death|died|dead/, 1], [/transfer/, 2], [/./, 0]),
  /** 1 died, 2 transferred out, 0 any other ART status ("ART Transfer In" is one) */
  exit: byPattern([/death|died|dead/, 1], [/transfer(red)?.?out/, 2], [/./, 0]),
} as const;

/** `readViralLoad` of a single record: `NaN` where there is no result, `undefined` for a text that says nothing of the kind. */
export function readViralLoad(text: string): number | undefined {
  const load = readViralLoadCell(text);
  return load === 'unreadable' ? undefined : load;
}

/** Days of supply from "90", "90 days" or "3 months"; `undefined` for anything else. */
export function readSupply(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(days?|d|months?|m|weeks?|w)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = match[2]?.[0]?.toLowerCase();
  return Math.round(Number(match[1]) * (unit === 'm' ? 30 : unit === 'w' ? 7 : 1));
}
