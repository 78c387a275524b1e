import { IntlMessageFormat } from 'intl-messageformat';
import { REASON_MESSAGES, type ReasonMessageKey } from '#patients/features/reason-messages.ts';
import type { Language } from '#shared/db/schema.ts';
import en from './messages/en.json' with { type: 'json' };
import fr from './messages/fr.json' with { type: 'json' };
import ha from './messages/ha.json' with { type: 'json' };

export type MessageKey = keyof typeof en | ReasonMessageKey;

/** Messages in ICU syntax. Every language has every key: `translate.test.ts`. */
export const MESSAGES: Record<Language, Record<MessageKey, string>> = {
  en: { ...en, ...REASON_MESSAGES.en },
  fr: { ...fr, ...REASON_MESSAGES.fr },
  ha: { ...ha, ...REASON_MESSAGES.ha },
};

/** Languages that a person who speaks them has read; pages in the others say so. */
export const READ_BY_PEOPLE: ReadonlySet<Language> = new Set(['en']);

const LOCALES: Record<Language, string> = { en: 'en-GB', fr: 'fr', ha: 'ha' };

type Values = Record<string, string | number>;

/** A reader's words, numbers, days and times. */
export type Translator = {
  readonly language: Language;
  readonly timeZone: string;
  (key: MessageKey, values?: Values): string;
  readonly number: (value: number, digits?: number) => string;
  /** 0.82 → 82 % */
  readonly percent: (share: number, digits?: number) => string;
  /** Days since 1970-01-01, or YYYY-MM-DD → 4 Jun 2026 */
  readonly day: (day: number | string) => string;
  /** Without the year: 4 Jun */
  readonly shortDay: (day: number | string) => string;
  /** In the reader's zone, the zone named. */
  readonly time: (at: Date) => string;
  /** 3 hours ago */
  readonly ago: (at: Date, nowMs: number) => string;
};

const formats = new Map<string, IntlMessageFormat>();
const translators = new Map<string, Translator>();

/** One a language and time zone; an unknown zone is UTC. */
export function translator(language: Language, timeZone: string): Translator {
  const key = `${language} ${timeZone}`;
  const known = translators.get(key);
  if (known !== undefined) return known;
  const made = makeTranslator(language, timeZone);
  // Zones come from people's settings, of which there are few; a bound all the same.
  if (translators.size > 500) translators.clear();
  translators.set(key, made);
  return made;
}

function makeTranslator(language: Language, timeZone: string): Translator {
  const locale = LOCALES[language];
  const messages = MESSAGES[language];
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  const shortDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const time = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: isTimeZone(timeZone) ? timeZone : 'UTC',
    timeZoneName: 'short',
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const numbers = Array.from(
    { length: 5 },
    (_, digits) =>
      new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  const dateOf = (value: number | string) =>
    typeof value === 'number' ? value * 86_400_000 : Date.parse(`${value.slice(0, 10)}T00:00:00Z`);
  const number = (value: number, digits = 0) => numbers[digits]!.format(value);
  const words = (key: MessageKey, values?: Values): string => {
    const text = messages[key];
    if (!text.includes('{')) return text;
    const id = `${language} ${key}`;
    let format = formats.get(id);
    if (format === undefined) {
      format = new IntlMessageFormat(text, locale);
      formats.set(id, format);
    }
    return String(format.format(values));
  };
  return Object.assign(words, {
    language,
    timeZone,
    number,
    percent: (share: number, digits = 0) => `${number(share * 100, digits)}\u00A0%`,
    day: (value: number | string) => day.format(dateOf(value)),
    shortDay: (value: number | string) => shortDay.format(dateOf(value)),
    time: (at: Date) => time.format(at),
    ago: (at: Date, nowMs: number) => {
      const minutes = Math.round((at.getTime() - nowMs) / 60_000);
      if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute');
      if (Math.abs(minutes) < 48 * 60) return relative.format(Math.round(minutes / 60), 'hour');
      return relative.format(Math.round(minutes / 1_440), 'day');
    },
  });
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The first of the browser's languages that there is. */
export function languageOf(acceptLanguage: string | undefined): Language {
  for (const part of (acceptLanguage ?? '').slice(0, 200).split(',')) {
    const code = part.trim().slice(0, 2).toLowerCase();
    if (code === 'en' || code === 'fr' || code === 'ha') return code;
  }
  return 'en';
}
