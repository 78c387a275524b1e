import type { Source } from '../input-format.ts';

/** How JSON text holds its rows, by its first bytes. */
export type JsonShape = {
  /** `lines`: an object a line · `list`: an array of objects · `objects`: objects one behind the other, over any lines. */
  shape: 'lines' | 'list' | 'objects';
  source: Source;
  /** Bytes before the array that is a member of an object, at whatever depth; 0 where nothing wraps it. */
  wrapperBytes: number;
};

/** Members whose lists are a row's own, or no rows. */
const MOST_DEPTH = 8;

/** Undefined for a text that does not begin like JSON's arrays and objects. */
export function sniffJson(text: string): JsonShape | undefined {
  const start = text.trimStart();
  if (!start.startsWith('{') && !start.startsWith('[')) return undefined;
  const source: Source = text.includes('"messageData"')
    ? 'nmrs'
    : text.includes('"resourceType"')
      ? 'fhir'
      : 'table';
  if (start.startsWith('[')) return { shape: 'list', source, wrapperBytes: 0 };
  const wrapper = source === 'table' ? wrapperOf(text) : -1;
  if (wrapper >= 0) return { shape: 'list', source, wrapperBytes: Buffer.byteLength(text.slice(0, wrapper)) };
  const end = start.indexOf('\n');
  const line = (end < 0 ? start : start.slice(0, end)).trimEnd();
  const isLines = isObject(line) || (!isOpen(line) && !/\}\s{0,100}\{/u.test(line));
  return { shape: isLines ? 'lines' : 'objects', source, wrapperBytes: 0 };
}

/**
 * Where the first array of objects begins that is a member of the first object, or of objects within it; −1 where there is
 * none, or where the object has a value of its own that is a patient's.
 */
function wrapperOf(text: string): number {
  let depth = 0;
  let inString = false;
  let stringStart = 0;
  let lists = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') {
        inString = false;
        if (depth === 1 && isRowKey(text.slice(stringStart, at))) return -1;
      }
    } else if (character === '"') {
      inString = true;
      stringStart = at + 1;
    } else if (character === '{') {
      if (++depth > MOST_DEPTH) return -1;
    } else if (character === '}') {
      if (--depth === 0) return -1;
    } else if (character === '[') {
      if (lists === 0 && /^\[\s{0,100}[{\]]/u.test(text.slice(at, at + 102))) return at;
      lists++;
    } else if (character === ']') lists--;
  }
  return -1;
}

function isRowKey(key: string): boolean {
  return key.toLowerCase().replaceAll(/[^a-z]/gu, '') === 'patientid';
}

function isObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

/** Whether a line of JSON ends where an object goes on: behind a brace, a bracket, a comma or a colon. */
function isOpen(line: string): boolean {
  return /[{[,:]$/u.test(line);
}
