import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, test } from 'vitest';
import { languageOf, MESSAGES, type MessageKey, translator } from './translate.ts';

const KEYS = Object.keys(MESSAGES.en) as MessageKey[];

/** Names of a message's placeholders, in any depth. */
function names(text: string): string[] {
  type Part = { type: number; value?: string; options?: Record<string, { value: Part[] }> };
  const found = new Set<string>();
  const walk = (parts: Part[]) => {
    for (const part of parts) {
      if (part.type !== 0 && part.type !== 7 && part.value !== undefined) found.add(part.value);
      for (const option of Object.values(part.options ?? {})) walk(option.value);
    }
  };
  walk(new IntlMessageFormat(text, 'en').getAst());
  return [...found].toSorted();
}

describe.each(['fr', 'ha'] as const)('%s', (language) => {
  test('has every message, each with the placeholders of the English one', () => {
    expect(Object.keys(MESSAGES[language]).toSorted()).toEqual(KEYS.toSorted());
    const wrong = KEYS.filter(
      (key) => names(MESSAGES[language][key]).join() !== names(MESSAGES.en[key]).join(),
    );
    expect(wrong).toEqual([]);
  });

  test('leaves no sentence in English', () => {
    const same = KEYS.filter(
      (key) => MESSAGES[language][key] === MESSAGES.en[key] && /\s\w+\s/u.test(MESSAGES.en[key]),
    );
    expect(same).toEqual([]);
  });
});

test('counts, days and times are written as the reader does, in the reader’s zone with its name', () => {
  const t = translator('fr', 'Africa/Lagos');
  expect(t('patient.days_late', { count: 1 })).toBe('1 jour de retard');
  expect(t('patient.days_late', { count: 3 })).toBe('3 jours de retard');
  expect(t.day('2026-06-04')).toBe('4 juin 2026');
  expect(t.time(new Date('2026-06-04T23:30:00Z'))).toContain('5 juin 2026');
  expect(t.time(new Date('2026-06-04T23:30:00Z'))).toMatch(/UTC\+1|GMT\+1|WAT/u);
  expect(translator('en', 'Nowhere/At-All').time(new Date(0))).toContain('UTC');
});

test('the first known language of the browser is taken', () => {
  expect(['ha-NG,en;q=0.8', 'de, fr;q=0.5', '', undefined].map(languageOf)).toEqual(['ha', 'fr', 'en', 'en']);
});
