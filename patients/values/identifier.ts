import { isRounded } from './cell-text.ts';

/** Longest id of a patient or a facility, in Unicode code points. */
export const MAX_ID_CHARACTERS = 64;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/u;

/** Why a text is no identifier. Each has one sentence in `IDENTIFIER_FAULTS`. */
export type IdentifierFault =
  | 'missing_value'
  | 'too_long'
  | 'invalid_encoding'
  | 'control_character'
  | 'rounded_id';

export const IDENTIFIER_FAULTS: Readonly<Record<IdentifierFault, string>> = {
  missing_value: 'is empty',
  too_long: `has more than ${MAX_ID_CHARACTERS} characters`,
  invalid_encoding: 'holds bytes that are no text in the encoding of the file',
  control_character: 'holds a control character',
  rounded_id: 'was rounded by a spreadsheet, its last digits are lost: export the column as text',
};

/** What people can read of a text that is no identifier: control characters as blanks, at most 64 characters. */
export function readableId(text: string): string {
  const plain = Array.from(text.slice(0, 4 * MAX_ID_CHARACTERS).toWellFormed(), (letter) =>
    CONTROL.test(letter) ? ' ' : letter,
  );
  return plain.slice(0, MAX_ID_CHARACTERS).join('').trim();
}

/**
 * The one rule of identifiers, for every door: 1–64 code points, not all blank, no control character (PostgreSQL stores
 * no NUL), no lone surrogate, no number that a spreadsheet has rounded (1.23457E+17). Undefined where the text is a good one.
 */
export function identifierFault(text: string): IdentifierFault | undefined {
  if (text.length > 2 * MAX_ID_CHARACTERS) return 'too_long';
  if (text.length > MAX_ID_CHARACTERS && Array.from(text).length > MAX_ID_CHARACTERS) return 'too_long';
  if (text.trim() === '') return 'missing_value';
  if (CONTROL.test(text)) return 'control_character';
  if (!text.isWellFormed()) return 'invalid_encoding';
  return isRounded(text) ? 'rounded_id' : undefined;
}
