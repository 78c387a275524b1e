import type { Source } from '../input-format.ts';

/** How JSON text holds its rows, by its first bytes. */
export type JsonShape = {
  /** `lines`: an object a line · `list`: an array of objects · `objects`: objects one behind the other, over any lines. */
  shape: 'lines' | 'list' | 'objects';
  source: Source;
  /** The array is the value of a member of an object. */
  wrapped: boolean;
};

const WRAPPED = /^\{\s{0,100}"[^"\\]{1,100}"\s{0,100}:\s{0,100}\[\s{0,100}[{\]]/u;

/** Undefined for a text that does not begin like JSON's arrays and objects. */
export function sniffJson(text: string): JsonShape | undefined {
  const start = text.trimStart();
  if (!start.startsWith('{') && !start.startsWith('[')) return undefined;
  const source: Source = text.includes('"messageData"')
    ? 'nmrs'
    : text.includes('"resourceType"')
      ? 'fhir'
      : 'table';
  if (start.startsWith('[')) return { shape: 'list', source, wrapped: false };
  if (WRAPPED.test(start)) return { shape: 'list', source, wrapped: true };
  const end = start.indexOf('\n');
  const line = (end < 0 ? start : start.slice(0, end)).trimEnd();
  return { shape: end < 0 || isObject(line) || !isOpen(line) ? 'lines' : 'objects', source, wrapped: false };
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
