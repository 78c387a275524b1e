import { format, getFormatDateInfo, getFormatInfo, isDateFormat } from 'numfmt';

/** Renders a stored number as the cell shows it. */
export type NumberText = (value: number) => string;

const MS_PER_DAY = 86_400_000;
/** Day 0 of the 1900 system as Excel counts after its 29 February 1900, and day 0 of the 1904 system. */
const EPOCH_1900_MS = Date.UTC(1899, 11, 30);
const EPOCH_1904_MS = Date.UTC(1904, 0, 1);
/** Excel's own day that never was (ECMA-376 18.17.4.1). */
const FALSE_LEAP_DAY = 60;
const LAST_DAY_1900 = 2_958_465;
const DAYS_BETWEEN_EPOCHS = 1_462;
const SIGNIFICANT_DIGITS = 15;
/** From here on a number has more digits than a spreadsheet keeps. */
export const ROUNDED_FROM = 1e15;
/** Excel's own limit; longer codes are no format that it wrote. */
const MOST_CODE_CHARACTERS = 255;

/** Built-in formats by id, ECMA-376 18.8.30; those of East Asian locales (27–36, 50–58) are dates. */
const BUILT_IN: Readonly<Record<number, string>> = {
  0: 'General',
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  5: '$#,##0_);($#,##0)',
  6: '$#,##0_);[Red]($#,##0)',
  7: '$#,##0.00_);($#,##0.00)',
  8: '$#,##0.00_);[Red]($#,##0.00)',
  9: '0%',
  10: '0.00%',
  11: '0.00E+00',
  12: '# ?/?',
  13: '# ??/??',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  37: '#,##0_);(#,##0)',
  38: '#,##0_);[Red](#,##0)',
  39: '#,##0.00_);(#,##0.00)',
  40: '#,##0.00_);[Red](#,##0.00)',
  41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
  42: '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)',
  43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
  44: '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mmss.0',
  48: '##0.0E+0',
  49: '@',
};
const isBuiltInDate = (id: number) =>
  (id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);

/** The number as General shows it in a wide column: 15 significant digits, no exponent below 10^15. */
export function plainNumber(value: number): string {
  if (Math.abs(value) >= ROUNDED_FROM) {
    const [digits = '', exponent = ''] = value.toExponential(SIGNIFICANT_DIGITS - 1).split('e');
    return `${String(Number(digits))}E${exponent}`;
  }
  return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
}

/**
 * How the cells of a number format show their numbers: dates of any format as YYYY-MM-DD without the time of day, other
 * formats with their zeros, decimals and words, thousands ungrouped. What a format only abbreviates (exponents, fractions,
 * thousands cut off, brackets for a minus, zero as a dash, nothing at all) is given as the number that it is.
 */
export function numberText(formatId: number, customCode: string | undefined, uses1904: boolean): NumberText {
  const code = customCode ?? BUILT_IN[formatId];
  if (code === undefined)
    return isBuiltInDate(formatId) ? (value) => dateText(value, uses1904) ?? plainNumber(value) : plainNumber;
  if (code === 'General' || code === '@' || code.length > MOST_CODE_CHARACTERS) return plainNumber;
  try {
    const show = isDateFormat(code) ? timeOrDate(code, uses1904) : shownNumber(code);
    // A code that is no format is found out by the first number.
    show(1);
    return show;
  } catch {
    return plainNumber;
  }
}

function timeOrDate(code: string, uses1904: boolean): NumberText {
  const { year, month, day } = getFormatDateInfo(code);
  const isTime = !year && !month && !day;
  const isElapsed = /\[[hms]+\]/i.test(code);
  return (value) => {
    if (isElapsed || (isTime && Math.abs(value) < 1)) return format(code, value).trim();
    return dateText(value, uses1904) ?? plainNumber(value);
  };
}

function shownNumber(code: string): NumberText {
  const { type, scale } = getFormatInfo(code);
  if (type === 'scientific' || type === 'fraction' || scale < 1) return plainNumber;
  const isAmount = type === 'grouped' || type === 'currency';
  return (value) => {
    if (Math.abs(value) >= ROUNDED_FROM) return plainNumber(value);
    const shown = format(code, value).trim();
    const isBracketed = value < 0 && shown.startsWith('(');
    if (shown === '' || isBracketed || (isAmount && !/\d/.test(shown))) return plainNumber(value);
    return isAmount ? shown.replaceAll(',', '') : shown;
  };
}

/** Undefined where Excel shows a row of # instead of a date; day 0 is its 0 January 1900. */
export function dateText(serial: number, uses1904: boolean): string | undefined {
  // A time of day that is a rounding error short of midnight is the next day's.
  const day = Math.floor(serial + 0.5 / MS_PER_DAY);
  if (!(day >= 0 && day <= (uses1904 ? LAST_DAY_1900 - DAYS_BETWEEN_EPOCHS : LAST_DAY_1900)))
    return undefined;
  if (uses1904) return isoDay(EPOCH_1904_MS + day * MS_PER_DAY);
  if (day === 0) return '1900-01-00';
  if (day === FALSE_LEAP_DAY) return '1900-02-29';
  return isoDay(EPOCH_1900_MS + (day < FALSE_LEAP_DAY ? day + 1 : day) * MS_PER_DAY);
}

/** YYYY-MM-DD by its first millisecond, for a workbook says the same few thousand days again and again. */
const ISO_DAYS = new Map<number, string>();
const MOST_ISO_DAYS = 100_000;

function isoDay(ms: number): string {
  const known = ISO_DAYS.get(ms);
  if (known !== undefined) return known;
  const text = new Date(ms).toISOString().slice(0, 10);
  if (ISO_DAYS.size < MOST_ISO_DAYS) ISO_DAYS.set(ms, text);
  return text;
}
