/**
 * How a column writes decimals: `point` 1,234.5, `comma` 1.234,5 or 1 234,5. `unknown`: nothing has shown it; then plain
 * numbers are read and 1,234 is ambiguous.
 */
export type NumberStyle = 'point' | 'comma' | 'unknown';

/** No number is longer: texts are cut before any pattern sees them. */
const LONGEST_NUMBER = 40;
const TYPESET_MINUS = /^[\u2212\u2013]/u;
const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?$/iu;
const WITH_POINT = /^[+-]?\d{1,3}(?:[, '\u00a0\u202f’]\d{3})+(?:\.\d*)?$/u;
const WITH_COMMA = /^[+-]?(?:\d{1,3}(?:[. '\u00a0\u202f’]\d{3})+|\d+)(?:,\d*)?$/u;
const GROUPED_BY_COMMA = /^[+-]?[1-9]\d{0,2}(?:,\d{3})+$/u;
const GROUPED_BY_POINT = /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/u;

/** `ambiguous`: 1,234 in a column that has not shown which it is; `undefined`: no number. Infinity where it is too large. */
export type ReadNumber = number | 'ambiguous' | undefined;

/** Reads one number of a column of that style. Missing words are the caller's (`isMissing`). */
export function readNumber(text: string, style: NumberStyle = 'unknown'): ReadNumber {
  if (text.length > LONGEST_NUMBER) return undefined;
  const plain = text.trim().replace(TYPESET_MINUS, '-');
  if (style === 'comma') {
    if (WITH_COMMA.test(plain)) return Number(plain.replaceAll(/[. '\u00a0\u202f’]/gu, '').replace(',', '.'));
    return /^[+-]?\d+(?:e[+-]?\d{1,4})?$/iu.test(plain) ? Number(plain) : undefined;
  }
  if (PLAIN.test(plain)) return Number(plain);
  if (style === 'unknown' && GROUPED_BY_COMMA.test(plain)) return 'ambiguous';
  if (WITH_POINT.test(plain)) return Number(plain.replaceAll(/[, '\u00a0\u202f’]/gu, ''));
  return undefined;
}

/**
 * What a sample of a column shows of its style. A comma that does not stand before three digits, or stands behind a point,
 * is a decimal comma; a point with other than three digits behind it, or behind a comma, is a decimal point. `unknown`
 * where no text shows it, and where texts contradict one another.
 */
export function judgeNumberStyle(texts: Iterable<string>): NumberStyle {
  let point = 0;
  let comma = 0;
  for (const text of texts) {
    if (text.length > LONGEST_NUMBER) continue;
    const plain = text.trim();
    const [lastComma, lastPoint] = [plain.lastIndexOf(','), plain.lastIndexOf('.')];
    if (lastComma < 0 && lastPoint < 0) continue;
    const asPoint = PLAIN.test(plain) || WITH_POINT.test(plain);
    const asComma = WITH_COMMA.test(plain);
    if (asPoint && !asComma) point++;
    else if (asComma && !asPoint) comma++;
    else if (asPoint && asComma && !GROUPED_BY_COMMA.test(plain) && !GROUPED_BY_POINT.test(plain)) {
      // 0.500 and 0,500: no group begins with a naught.
      if (lastPoint > lastComma) point++;
      else comma++;
    }
  }
  if (point > 0 && comma > 0) return 'unknown';
  return point > 0 ? 'point' : comma > 0 ? 'comma' : 'unknown';
}
