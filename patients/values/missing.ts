/**
 * What people and programs write where they have no value, in lower case. A dash or a dot alone is one of them; `0` and
 * `no` never are. Spreadsheet errors are values that could not be computed.
 */
const MISSING_WORDS: ReadonlySet<string> = new Set([
  '',
  '-',
  '--',
  '.',
  '?',
  'na',
  'n/a',
  'n.a.',
  'nan',
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

/** As `isMissing`, and the dates of databases that have none: `0000-00-00`, `00/00/0000`, with or without a time. */
export function isMissingDate(text: string): boolean {
  return (
    isMissing(text) || /^\s*0{1,4}[-/.]0{1,2}[-/.]0{1,4}(?:[ T][0:.]{0,12})?Z?\s*$/u.test(text.slice(0, 40))
  );
}
