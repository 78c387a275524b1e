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
/** Titles with line breaks in them make no header of more lines. */
const MOST_HEADER_LINES = 300;
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
  let best: (Found & { delimiter: Delimiter; even: number }) | undefined;
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
  const { delimiter, index, lineCount } = best!;
  return {
    delimiter,
    lineEnds,
    headerLine: index + 1,
    header: splitCsvLine(lines.slice(index, index + lineCount).join('\n'), delimiter),
    sample: lines
      .slice(index + lineCount, index + lineCount + SAMPLE_LINES)
      .filter((line) => line.trim() !== '')
      .map((line) => splitCsvLine(line, delimiter)),
  };
}

/** A header: where it begins, over how many lines its titles go, and how many of them are known. */
type Found = { index: number; lineCount: number; names: number };

/** The line that names most columns, or the first one that is not blank. */
function bestHeader(
  lines: readonly string[],
  first: number,
  delimiter: Delimiter,
  judge: HeaderJudge,
): Found {
  let firstFilled = -1;
  let best: Found = { index: -1, lineCount: 1, names: 0 };
  for (let index = first; index < Math.min(lines.length, first + MAX_HEADER_LINE); index++) {
    const line = lines[index]!;
    if (line.trim() === '') continue;
    let found: Found = { index, lineCount: 1, names: judge(splitCsvLine(line, delimiter)) };
    const lineCount = linesOfRecord(lines, index, delimiter);
    if (lineCount > 1) {
      const names = judge(splitCsvLine(lines.slice(index, index + lineCount).join('\n'), delimiter));
      if (names > found.names && names >= LEAST_NAMES) found = { index, lineCount, names };
    }
    if (firstFilled < 0) {
      firstFilled = index;
      best = found;
    } else if (found.names > best.names && found.names >= LEAST_NAMES) best = found;
  }
  return best.index < 0 ? { index: first, lineCount: 1, names: 0 } : best;
}

/** Lines of the record that begins at `index`: more than one where a title in quotes goes over several. */
function linesOfRecord(lines: readonly string[], index: number, delimiter: Delimiter): number {
  let inQuotes = false;
  // A quote opens a cell at its start, and again where it is doubled.
  let mayOpen = true;
  for (let count = 1; count <= MOST_HEADER_LINES && index + count <= lines.length; count++) {
    for (const character of lines[index + count - 1]!) {
      if (character !== '"') mayOpen = character === delimiter;
      else if (inQuotes || mayOpen) {
        inQuotes = !inQuotes;
        mayOpen = !inQuotes;
      }
    }
    if (!inQuotes) return count;
  }
  return 1;
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
