import { IntlMessageFormat } from 'intl-messageformat';
import type { PersonReason, StepKey } from './people-reasons.ts';
import en from './reason-messages/en.json' with { type: 'json' };
import fr from './reason-messages/fr.json' with { type: 'json' };
import ha from './reason-messages/ha.json' with { type: 'json' };

export type ReasonMessageKey = keyof typeof en;

/** Sentences of reasons and steps in ICU syntax; the pages add them to their own messages. */
export const REASON_MESSAGES: Record<'en' | 'fr' | 'ha', Record<ReasonMessageKey, string>> = { en, fr, ha };

const formats = new Map<ReasonMessageKey, IntlMessageFormat>();

/** A reason in English, for files and answers that have no reader's language. */
export function reasonSentence({ key, values }: Pick<PersonReason, 'key' | 'values'>): string {
  let format = formats.get(key);
  if (format === undefined) {
    format = new IntlMessageFormat(en[key], 'en-GB');
    formats.set(key, format);
  }
  return String(format.format(values));
}

/** A suggested step in English. */
export function stepSentence(key: StepKey): string {
  return en[key];
}
