import { readBoolean } from '../values/booleans.ts';
import { isMissing } from '../values/missing.ts';
import type { DrugKind } from './dispensings.ts';
import { drugKind, readRegimenLine, readSession, readSupply, readViralLoad } from './findings.ts';
import {
  type CodedFinding,
  conceptOf,
  LINE_ANSWERS,
  NO_SESSION_ANSWERS,
  OTHER_DRUG_ANSWERS,
  REGIMEN_NAMES,
  TRANSFER_IN_ANSWERS,
  YES_CONCEPT,
} from './nmrs-concepts.ts';
import { isBlank, type Json } from './nmrs-entry.ts';
import { plainText } from './plain-text.ts';
import type { WarningCode } from './warning-codes.ts';

type Warn = (code: WarningCode) => void;

const MAX_VIRAL_LOAD = 100_000_000;

/** Days of supply as written, and whether they have no unit; undefined, with a warning, where they cannot be read. */
export function supplyOf(entry: Json, warn: Warn): { value: number; isBare: boolean } | undefined {
  const numeric = entry['valueNumeric'];
  if (typeof numeric === 'number' && Number.isFinite(numeric)) return { value: numeric, isBare: true };
  const text = isBlank(numeric) ? wordOf(entry) : textOf(numeric);
  if (isMissing(text)) return undefined;
  const supply = readSupply(text);
  if (supply === undefined) warn('unreadable_value');
  return supply;
}

/** Line of a regimen 1–3, `NaN` where none is told. */
export function lineOf(entry: Json, warn: Warn): number {
  const coded = LINE_ANSWERS.get(answerOf(entry) ?? -1);
  if (coded !== undefined) return coded;
  const numeric = entry['valueNumeric'];
  if (numeric === 1 || numeric === 2 || numeric === 3) return numeric;
  const text = wordOf(entry);
  const line = readRegimenLine(text);
  if (line === undefined) warn('unreadable_value');
  return line ?? Number.NaN;
}

/** Copies/mL, `NaN` where there is no result that can be read. */
export function viralLoadOf(entry: Json, warn: Warn): number {
  const numeric = entry['valueNumeric'];
  const text = isBlank(numeric) ? wordOf(entry) : textOf(numeric);
  const value = readViralLoad(text);
  if (value === undefined) warn('unreadable_value');
  else if (Number.isNaN(value) && !isMissing(text)) warn('viral_load_without_result');
  else if (value > MAX_VIRAL_LOAD) warn('unreadable_value');
  else return value;
  return Number.NaN;
}

/** Whether a counselling session was held. */
export function wasHeld(entry: Json): boolean {
  const answer = answerOf(entry);
  if (answer === YES_CONCEPT) return true;
  if (answer !== undefined && NO_SESSION_ANSWERS.has(answer)) return false;
  const text = wordOf(entry);
  if (text !== '') return readSession(text) === 1;
  const numeric = entry['valueNumeric'];
  return typeof numeric === 'number' ? numeric > 0 : !isBlank(entry['valueDatetime']);
}

/** By the answer's concept, else its words, else a number that is the value itself. */
export function codedOf(entry: Json, finding: CodedFinding, warn: Warn): number {
  const answer = answerOf(entry);
  const coded = answer === undefined ? undefined : finding.answers.get(answer);
  if (coded !== undefined) return coded;
  const text = wordOf(entry);
  const read = text === '' ? undefined : finding.read(text);
  if (read !== undefined) return read;
  const numeric = entry['valueNumeric'];
  if (
    typeof numeric === 'number' &&
    finding.numbers !== undefined &&
    text === '' &&
    Number.isInteger(numeric)
  ) {
    const [min, max] = finding.numbers;
    if (numeric >= min && numeric <= max) return numeric;
  }
  if (text !== '' || !isBlank(numeric)) warn('unreadable_value');
  return Number.NaN;
}

/** Whether an enrolment says that the patient came from another facility. */
export function saysTransferredIn(entry: Json): boolean {
  const answer = answerOf(entry);
  if (answer !== undefined && TRANSFER_IN_ANSWERS.has(answer)) return true;
  const concept = conceptOf(entry['conceptId']);
  const name = typeof entry['variableName'] === 'string' ? plainText(entry['variableName']) : '';
  const text = plainText(wordOf(entry));
  const asksForIt =
    name.includes('transfer') || concept === 160_534 || concept === 160_535 || concept === 160_563;
  if (asksForIt) {
    if (answer === YES_CONCEPT || !isBlank(entry['valueDatetime'])) return true;
    const yes = readBoolean(text);
    return yes === undefined ? !/^(?:not|non)/u.test(text) : yes === 1;
  }
  return /transfer.{0,3}in/u.test(text);
}

/** Kind and name of a dispensed drug; its answer's number is known better than its words. */
export function drugOf(entry: Json, of: DrugKind): [DrugKind, string] {
  const answer = answerOf(entry);
  if (answer !== undefined) {
    if (OTHER_DRUG_ANSWERS.has(answer)) return ['other', String(answer)];
    const name = REGIMEN_NAMES.get(answer);
    if (name !== undefined) return ['arv', name];
  }
  const text = wordOf(entry);
  if (isMissing(text)) return [of, ''];
  const kind = drugKind(text);
  return [kind === 'unknown' ? of : kind, text.slice(0, 200)];
}

/** The answer's concept: `valueCoded`, or a number printed in its place. */
export function answerOf(entry: Json): number | undefined {
  return (
    conceptOf(entry['valueCoded']) ?? conceptOf(entry['valueText']) ?? largeConcept(entry['valueNumeric'])
  );
}

/** Answers have four digits and more: smaller numbers are values. */
function largeConcept(value: unknown): number | undefined {
  const concept = typeof value === 'object' ? undefined : conceptOf(value);
  return concept !== undefined && concept >= 1000 ? concept : undefined;
}

/** The answer's words, `''` where it has none. */
export function wordOf(entry: Json): string {
  const text = entry['valueText'];
  if (typeof text === 'string' && text !== '') return text;
  const coded = entry['valueCoded'];
  if (typeof coded === 'string' && coded !== '') return coded;
  const name = entry['valueCodedName'] ?? entry['variableValue'];
  if (typeof name === 'string' && name !== '') return name;
  if (typeof coded === 'object' && coded !== null) {
    const { display, name: inner } = coded as Json;
    const word = display ?? inner;
    return typeof word === 'string' ? word : '';
  }
  return typeof coded === 'number' && coded !== 0 ? String(coded) : '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
