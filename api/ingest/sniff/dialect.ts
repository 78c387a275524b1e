import { splitCsvLine } from '../csv-cells.ts';

export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];
export type LineEnds = 'lf' | 'crlf' | 'cr';

/** How a table is written as text. */
export type CsvDialect = {
  delimiter: Delimiter;
  lineEnds: LineEnds;
  /** 1-based physical line of the header; what stands above it is a title, or Excel's `sep=` line. */
  headerLine: number;
  /** The header's cells; empty where no line is one. */
  header: string[];
  /** First lines below the header, as cells: what columns are judged by. */
  sample: string[][];
};

/** How much of a row looks like a header to somebody who knows the columns: the number of names known. */
export type HeaderJudge = (cells: readonly string[]) => number;

const MAX_HEADER_LINE = 50;
const SAMPLE_LINES = 1_000;
const SEP_LINE = /^sep=(.)$/iu;
/** The fewest known names that make a header of a row that is not the first. */
const LEAST_NAMES = 2;

/** Lines end with CR alone where no LF stands outside quotes. */
function sniffLineEnds(text: string): LineEnds {
  let inQuotes = false;
  let cr = 0;
  let crlf = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) inQuotes = !inQuotes;
    else if (inQuotes) continue;
    else if (code === 0x0a) return crlf > 0 || text.charCodeAt(at - 1) === 0x0d ? 'crlf' : 'lf';
    else if (code === 0x0d) {
      if (text.charCodeAt(at + 1) === 0x0a) crlf++;
      else cr++;
    }
  }
  return text.includes('\n') ? (cr > 1 ? 'cr' : 'lf') : cr > 0 ? 'cr' : 'lf';
}

/**
 * The dialect of a table by its first lines (UTF-8 text; the last line may be cut, unless it is all). The delimiter is the
 * one that shows a header whose names are known, else the one by which most lines have the same number of cells.
 */
export function sniffDialect(
  text: string,
  options: { judge: HeaderJudge; delimiter: Delimiter | undefined; isWhole: boolean },
): CsvDialect {
  const lineEnds = sniffLineEnds(text);
  const lines = text.split(lineEnds === 'cr' ? '\r' : /\r?\n/u);
  if (!options.isWhole && lines.length > 1) lines.pop();
  const told = SEP_LINE.exec(lines[0]?.trim() === 'sep=' ? 'sep=\t' : (lines[0]?.trimEnd() ?? ''))?.[1];
  const fixed = options.delimiter ?? DELIMITERS.find((delimiter) => delimiter === told);
  const first = told === undefined ? 0 : 1;
  let best: { delimiter: Delimiter; index: number; names: number; even: number } | undefined;
  for (const delimiter of fixed === undefined ? DELIMITERS : [fixed]) {
    const found = bestHeader(lines, first, delimiter, options.judge);
    const even = evenness(lines.slice(first, first + 50), delimiter);
    if (
      best === undefined ||
      found.names > best.names ||
      (found.names === best.names && found.names === 0 && even > best.even)
    ) {
      best = { delimiter, ...found, even };
    }
  }
  const { delimiter, index } = best!;
  return {
    delimiter,
    lineEnds,
    headerLine: index + 1,
    header: splitCsvLine(lines[index] ?? '', delimiter),
    sample: lines
      .slice(index + 1, index + 1 + SAMPLE_LINES)
      .filter((line) => line.trim() !== '')
      .map((line) => splitCsvLine(line, delimiter)),
  };
}

/** The line that names most columns, or the first one that is not blank. */
function bestHeader(
  lines: readonly string[],
  first: number,
  delimiter: Delimiter,
  judge: HeaderJudge,
): { index: number; names: number } {
  let firstFilled = -1;
  let best = { index: -1, names: 0 };
  for (let index = first; index < Math.min(lines.length, first + MAX_HEADER_LINE); index++) {
    const line = lines[index]!;
    if (line.trim() === '') continue;
    const names = judge(splitCsvLine(line, delimiter));
    if (firstFilled < 0) {
      firstFilled = index;
      best = { index, names };
    } else if (names > best.names && names >= LEAST_NAMES) best = { index, names };
  }
  return best.index < 0 ? { index: first, names: 0 } : best;
}

/** Share of the lines that have the most frequent number of cells, of more than one; 0 where all have one. */
function evenness(lines: readonly string[], delimiter: Delimiter): number {
  const counts = new Map<number, number>();
  let filled = 0;
  for (const line of lines) {
    if (line.trim() === '') continue;
    filled++;
    const cells = splitCsvLine(line, delimiter).length;
    if (cells > 1) counts.set(cells, (counts.get(cells) ?? 0) + 1);
  }
  return filled === 0 ? 0 : Math.max(0, ...counts.values()) / filled;
}
