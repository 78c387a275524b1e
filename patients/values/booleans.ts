import { isMissing } from './missing.ts';

const YES: ReadonlySet<string> = new Set(['1', '1.0', 'true', 't', 'yes', 'y', 'on', 'oui', 'vrai']);
const NO: ReadonlySet<string> = new Set(['0', '0.0', 'false', 'f', 'no', 'n', 'off', 'non', 'faux']);

/** 1 for yes, 0 for no as people and programs write them; `NaN` where the value is missing, `undefined` for anything else. */
export function readBoolean(text: string): number | undefined {
  const plain = text.length > 64 ? text : text.trim().toLowerCase();
  if (YES.has(plain)) return 1;
  if (NO.has(plain)) return 0;
  return isMissing(plain) ? Number.NaN : undefined;
}
