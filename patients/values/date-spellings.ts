/** Beginnings of months in French and Portuguese (without accents) that are not those of English, and theirs. */
const MONTHS: readonly (readonly [string, string])[] = [
  ['janv', 'Jan'],
  ['janeiro', 'Jan'],
  ['fev', 'Feb'],
  ['mars', 'Mar'],
  ['marco', 'Mar'],
  ['avr', 'Apr'],
  ['abr', 'Apr'],
  ['mai', 'May'],
  ['juin', 'Jun'],
  ['junho', 'Jun'],
  ['juil', 'Jul'],
  ['julho', 'Jul'],
  ['aou', 'Aug'],
  ['ago', 'Aug'],
  ['sept', 'Sep'],
  ['set', 'Sep'],
  ['out', 'Oct'],
  ['octo', 'Oct'],
  ['nove', 'Nov'],
  ['dez', 'Dec'],
  ['dece', 'Dec'],
];
const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}[,.]? /iu;
/** "Tue Oct 20 10:00:00 WAT 2026", as Java prints a date, without the weekday. */
const JAVA = /^([a-z]{3}) (\d{1,2}) (\d{1,2}:\d{2}:\d{2}) ([a-z]{2,5}|[+-]\d{2}:?\d{2}) (\d{4})$/iu;
const YEAR_THEN_NAME = /^(\d{4})[-/. ]([a-z]{3,9})[-/. ](\d{1,2})(?= |$)/iu;
/** "20-OCT-26 10.00.00.000000 AM", as Oracle prints a time. */
const DOTTED_TIME = / (\d{1,2})\.(\d{2})\.(\d{2})(\.\d{1,9})?( ?[ap]m)?$/iu;
const MS_A_SECOND = 1_000;

/**
 * A date as `readDate` knows them, of one that says the same in more words, in another language, or as an instant since
 * 1970: "Tue, 20 Oct 2026", "20th October 2026", "20 de outubro de 2026", "2026-Oct-20", "/Date(1792450800000)/",
 * "Tue Oct 20 10:00:00 WAT 2026". Undefined where it says nothing else than before. Texts are short: the caller cuts them.
 */
export function standardSpelling(text: string): string | undefined {
  const instant = /^\/Date\((-?\d{9,14})/u.exec(text)?.[1] ?? /^\d{13}(?=(?:\.0)?$)/u.exec(text)?.[0];
  if (instant !== undefined) return isoInstant(Number(instant));
  if (/^\d{10}$/u.test(text)) return isoInstant(Number(text) * MS_A_SECOND);
  let plain = text.replace(/^'/u, '');
  const bracket = plain.search(/\s?[[(]/u);
  if (bracket > 0) plain = plain.slice(0, bracket);
  plain = plain.replace(WEEKDAY, '');
  const java = JAVA.exec(plain);
  if (java) {
    const [, month = '', day = '', time = '', zone = '', year = ''] = java;
    const offset = /^(?:utc|gmt|z)$/iu.test(zone) ? 'Z' : /^[+-]/u.test(zone) ? zone : '';
    return `${month} ${day}, ${year} ${time}${offset}`;
  }
  plain = plain
    .replace(/ (?:GMT|UTC)([+-]\d)/u, ' $1')
    .replace(/ WAT$/u, '')
    .replace(DOTTED_TIME, ' $1:$2:$3$5')
    .replace(/(?<=\d)(?:st|nd|rd|th|er|º|ª)(?=[ ,])/iu, '');
  if (/\p{L}{3}/u.test(plain)) plain = inEnglish(plain);
  plain = plain.replace(YEAR_THEN_NAME, '$3-$2-$1');
  return plain === text ? undefined : plain;
}

function isoInstant(ms: number): string | undefined {
  return Number.isSafeInteger(ms) && Math.abs(ms) < 8e15 ? new Date(ms).toISOString() : undefined;
}

/** With its month by the English name, where it is French or Portuguese. */
function inEnglish(text: string): string {
  const plain = text.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(/ de /giu, ' ');
  return plain.replace(/[a-z]{3,9}\.?/iu, (word) => {
    const lower = word.toLowerCase();
    return MONTHS.find(([start]) => lower.startsWith(start))?.[1] ?? word;
  });
}
