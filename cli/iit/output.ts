import { open, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { styleText } from 'node:util';

export type OutputFlags = { json: boolean; quiet: boolean; color: boolean };

/** A cell of a table; numbers stand on the right. */
export type TableCell = string | number | null | undefined;

type Style = Parameters<typeof styleText>[0];

/** Data go to standard output; all that is said about them goes to standard error. */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #color: boolean;

  constructor({ json, quiet, color }: OutputFlags) {
    this.json = json;
    this.quiet = quiet;
    this.#color = color && process.env['NO_COLOR'] === undefined;
  }

  /** A word for people; not with --quiet. */
  say(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    process.stderr.write(`${this.paint('yellow', text, process.stderr)}\n`);
  }

  line(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  /** Indented where a person reads it, on one line for programs. */
  document(value: unknown): void {
    this.line(JSON.stringify(value, undefined, process.stdout.isTTY ? 2 : undefined));
  }

  paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
    return this.#color && stream.isTTY ? styleText(style, text) : text;
  }

  async table(heads: readonly string[], rows: readonly (readonly TableCell[])[]): Promise<void> {
    if (rows.length === 0) return;
    const { default: Table } = await import('cli-table3');
    const isNumber = heads.map((_, at) => rows.every((row) => typeof row[at] === 'number'));
    const table = new Table({
      head: heads.map((head) => this.paint('dim', head.toUpperCase())),
      chars: NO_LINES,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
      colAligns: isNumber.map((right) => (right ? 'right' : 'left')),
    });
    for (const row of rows) table.push(row.map(cellText));
    this.line(
      table
        .toString()
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\n'),
    );
  }

  /** Names and values, one a line. */
  facts(facts: readonly (readonly [string, TableCell])[]): void {
    const width = Math.max(...facts.map(([name]) => name.length)) + 2;
    for (const [name, value] of facts) {
      if (value === undefined) continue;
      this.line(`${this.paint('dim', name.padEnd(width))}${cellText(value)}`);
    }
  }

  /** Streams bytes to standard output, or into a file that is there only when it is whole. Returns their number. */
  async stream(parts: AsyncIterable<Uint8Array>, file: string | undefined): Promise<number> {
    let bytes = 0;
    const counted = async function* () {
      for await (const part of parts) {
        bytes += part.length;
        yield part;
      }
    };
    if (file === undefined || file === '-') {
      await pipeline(Readable.from(counted()), process.stdout, { end: false });
      return bytes;
    }
    const draft = `${file}.${process.pid}.part`;
    try {
      const handle = await open(draft, 'w', 0o600);
      await pipeline(Readable.from(counted()), handle.createWriteStream());
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return bytes;
  }
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, '']),
);

/** Control characters but those of a colour: a name may not steer the terminal that shows it. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /(?!\u001B\[\d{1,2}m)[\u0000-\u001F\u007F-\u009F]/gu;

/** As a terminal may show it. */
export function cellText(cell: TableCell): string {
  if (typeof cell === 'number') return count(cell);
  return (cell ?? '–').replaceAll(CONTROLS, '\uFFFD');
}

export function count(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-GB') : String(value);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** In this machine's zone, which `zoneName` names; as a table shows it. */
export function when(time: string | null | undefined): string | undefined {
  if (time === null || time === undefined) return undefined;
  const date = new Date(time);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
