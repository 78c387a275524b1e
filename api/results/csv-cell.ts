const NEEDS_QUOTES = /[",\r\n]/u;
const FORMULA = /^[=+\-@\t\r]/u;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/u;

/**
 * Text as a CSV cell (RFC 4180), formulas neutralised.
 */
export function csvCell(text: string): string {
  const safe = formulaFree(text);
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * What a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection"); a plain signed number
 * stays as it is.
 */
export function formulaFree(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}
