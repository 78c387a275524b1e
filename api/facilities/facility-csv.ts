import { ServiceError } from '#shared/errors/errors.ts';
import type { Facility } from './facilities.ts';

const COLUMNS = ['id', 'name', 'lga', 'state'] as const;
const MOST_FACILITIES = 20_000;
const MOST_CHARACTERS = 200;

/**
 * Reads a register: a head of id, name, lga, state in any order (id and name needed), a facility a line, quotes as in RFC
 * 4180. Throws `invalid_body` with the line.
 */
export function parseFacilities(text: string): Facility[] {
  const lines = splitLines(text.startsWith('\uFEFF') ? text.slice(1) : text);
  const head = (lines[0]?.cells ?? []).map((cell) => cell.trim().toLowerCase());
  for (const needed of ['id', 'name'])
    if (!head.includes(needed)) throw fault(`The first line has no column \`${needed}\`.`, 1);
  const facilities = new Map<string, Facility>();
  for (const { cells, line } of lines.slice(1)) {
    if (cells.length === 1 && cells[0]?.trim() === '') continue;
    const facility: Facility = { id: '', name: '', lga: '', state: '' };
    for (const column of COLUMNS) {
      const value = cells[head.indexOf(column)]?.trim() ?? '';
      if (value.length > (column === 'id' ? 64 : MOST_CHARACTERS))
        throw fault(`${column} is too long.`, line);
      facility[column] = value;
    }
    if (facility.id === '' || facility.name === '') throw fault('id and name must not be empty.', line);
    if (facilities.has(facility.id)) throw fault('This id stands on an earlier line too.', line);
    facilities.set(facility.id, facility);
    if (facilities.size > MOST_FACILITIES)
      throw fault(`A register has at most ${MOST_FACILITIES} facilities.`, line);
  }
  return [...facilities.values()];
}

function fault(message: string, line: number): ServiceError {
  return new ServiceError('invalid_body', `Line ${line}: ${message}`, { line });
}

/** One pass, a character at a time. */
function splitLines(text: string): { cells: string[]; line: number }[] {
  const lines: { cells: string[]; line: number }[] = [];
  let cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  let line = 1;
  let startLine = 1;
  const endCell = () => {
    cells.push(cell);
    cell = '';
  };
  const endLine = () => {
    endCell();
    lines.push({ cells, line: startLine });
    cells = [];
    startLine = line;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\n') line++;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = false;
    } else if (character === '"' && cell === '') isQuoted = true;
    else if (character === ',') endCell();
    else if (character === '\n') endLine();
    else if (character !== '\r') cell += character;
  }
  if (isQuoted) throw fault('A quoted field does not end.', startLine);
  if (cell !== '' || cells.length > 0) endLine();
  return lines;
}
