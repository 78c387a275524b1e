import { isMissing } from './missing.ts';

const FEMALE: ReadonlySet<string> = new Set([
  'f',
  'female',
  'woman',
  'girl',
  'femme',
  'féminin',
  'fem',
  'f.',
  'fem.',
  'femelle',
  'feminino',
  'mulher',
]);
const MALE: ReadonlySet<string> = new Set([
  'm',
  'male',
  'man',
  'boy',
  'homme',
  'masculin',
  'm.',
  'mâle',
  'masculino',
  'homem',
]);

/** 0 female, 1 male; `NaN` where the value is missing, `undefined` for anything else. */
export function readSex(text: string): number | undefined {
  const plain = text.length > 64 ? text : text.trim().toLowerCase();
  if (FEMALE.has(plain)) return 0;
  if (MALE.has(plain)) return 1;
  return isMissing(plain) ? Number.NaN : undefined;
}
