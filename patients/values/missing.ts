/**
 * What people and programs write where they have no value, in lower case. A dash or a dot alone is one of them; `0` and
 * `no` never are. Spreadsheet errors are values that could not be computed.
 */
export const MISSING_WORDS: ReadonlySet<string> = new Set([
  '',
  '-',
  '--',
  '---',
  '----',
  '–',
  '—',
  '.',
  '..',
  '...',
  '…',
  '?',
  '??',
  '???',
  'na',
  'n/a',
  'n.a.',
  'n/k',
  'nk',
  'nan',
  '-nan',
  '<na>',
  '<null>',
  '\\n',
  'empty',
  '#n/a n/a',
  '1.#ind',
  '-1.#ind',
  '1.#qnan',
  '-1.#qnan',
  'nat',
  'nil',
  'null',
  'none',
  '(null)',
  '(blank)',
  'blank',
  'missing',
  'unknown',
  'unk',
  'undefined',
  'not available',
  'not applicable',
  'not known',
  'not recorded',
  'not stated',
  'not specified',
  'unspecified',
  'not reported',
  'no data',
  '#n/a',
  '#null!',
  '#ref!',
  '#value!',
  '#div/0!',
  '#name?',
  '#num!',
]);
const LONGEST_MISSING = 16;

/** Whether a cell says that there is no value. Looks at no more than its first characters. */
export function isMissing(text: string): boolean {
  if (text.length > 64) return false;
  const plain = text.trim();
  return plain.length <= LONGEST_MISSING && MISSING_WORDS.has(plain.toLowerCase());
}

const NO_DAY = /^0{1,4}[-/.]0{1,2}[-/.]0{1,4}$/u;
/** Day 0 and 1 of spreadsheets and databases, which stand where nothing was written. */
const FIRST_DAY =
  /^(?:0(?:\.0)?|1900[-/]01[-/]0[01]|0?[01][-/.]0?1[-/.]1900|0?1[-/]0?[01][-/]1900|0{1,2}-jan-(?:19)?00|1899-12-3[01]|0001-01-01)$/iu;
const MIDNIGHT = /[ T][0:.]{1,15}(?:[+-]00:?00)?Z?$/u;

/**
 * As `isMissing`, and the dates of programs that have none, with or without a time: `0000-00-00`, `00/00/0000`, and the
 * days 0 and 1 of spreadsheets and databases (`1900-01-00`, `1900-01-01`, `0001-01-01`, `1899-12-30`).
 */
export function isMissingDate(text: string): boolean {
  if (isMissing(text)) return true;
  const plain = text.slice(0, 40).trim();
  if (plain[0] !== '0' && plain[0] !== '1') return false;
  const day = plain.replace(MIDNIGHT, '');
  return NO_DAY.test(day) || FIRST_DAY.test(day);
}
