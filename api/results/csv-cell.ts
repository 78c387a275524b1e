const NEEDS_QUOTES = /[",;\t\r\n]/u;
/**
 * A sign that a spreadsheet takes for the start of a formula, at the start of the text or of what another locale takes for
 * a cell: behind `;`, a tab, a comma or a line break. Full-width signs are taken for their plain ones by some.
 */
const FORMULA = /(^|[;,|\t\r\n])(?= *[=+\-@＝＋－＠\t\r])/gu;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/u;
const LONGEST_NUMBER = 40;

/**
 * Text as a CSV cell (RFC 4180), formulas neutralised.
 */
export function csvCell(text: string): string {
  const safe = formulaFree(text);
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * What a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection"), also where a list
 * separator of another locale begins a cell within the text; a plain signed number stays as it is.
 */
export function formulaFree(text: string): string {
  if (text.length <= LONGEST_NUMBER && NUMBER.test(text)) return text;
  return text.replace(FORMULA, "$1'");
}
