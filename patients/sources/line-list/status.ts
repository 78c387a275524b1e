import { DEATH_OF_ANOTHER } from '../death-of-another.ts';

/**
 * What a list says of a person's standing, worst first. `interrupted` and `in_care` are what the pickup date tells better;
 * `unknown` says nothing. Codes are stored with rows: append, never renumber.
 */
export const STATUSES = [
  'unknown',
  'in_care',
  'transferred_in',
  'interrupted',
  'died',
  'transferred_out',
  'stopped',
  'duplicate',
  'invalid',
] as const;
export type Status = (typeof STATUSES)[number];

/** Up to here a status leaves the patient in care, or may. */
export const INTERRUPTED = STATUSES.indexOf('interrupted');

const LONGEST_STATUS = 80;
const MOST_REMEMBERED = 500;

/** In this order: "INVALID - Duplicates" is a duplicate, "Not dead" is in care, "Pre-ART Transfer In" is in. */
const PATTERNS: readonly (readonly [RegExp, Status])[] = [
  [/duplicat/u, 'duplicate'],
  [/\b(invalid|not valid|nonexistent|non existent|ghost|fictitious)\b/u, 'invalid'],
  [/\b(not|never) (dead|died|deceased)\b|\balive\b/u, 'in_care'],
  [
    /\b(dead|died|death|deceased|demised|passed away|passed on|decede|decedee|deces|obito|morto|faleceu|falecido)\b|^expired$/u,
    'died',
  ],
  [/\b(transfer|transferred|transfered|trans|trf|tf)( from \w+)? in\b|^ti$|^t in$/u, 'transferred_in'],
  [/\b(transfer|transferred|transfered|trans|trf|tf)( \w+)? out\b|^to$|^t o$|^t out$/u, 'transferred_out'],
  [
    /\b(transfer|transferred|transfered|transfere|transferee|transferido|relocated|moved (?:away|to)|migrated|emigrated)\b/u,
    'transferred_out',
  ],
  [
    /\b(stop|stopped|discontinued|discontinuation|refused|refusal|declined|opted out|self terminated|terminated|suspenso|suspendu|arret|arrete)\b/u,
    'stopped',
  ],
  [
    /\b(iit|interrupted|interruption|inactive|in active|ltfu|lost|lost to follow up|default|defaulted|defaulter|missed|absconded|perdu|perdido|abandono|abandon)\b/u,
    'interrupted',
  ],
  [/\b(active|restart|restarted|on treatment|on art|in care|current|actif|activo|ativo)\b/u, 'in_care'],
];

const known = new Map<string, number>();

/** Reads a status as people write it: its index in `STATUSES`, 0 for what says nothing. */
export function readStatus(text: string): number {
  const before = known.get(text);
  if (before !== undefined) return before;
  const plain = text
    .slice(0, LONGEST_STATUS)
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/gu, ' ')
    .trim()
    .replace(DEATH_OF_ANOTHER, ' ');
  const status = PATTERNS.find(([pattern]) => pattern.test(plain))?.[1] ?? 'unknown';
  const code = STATUSES.indexOf(status);
  if (known.size < MOST_REMEMBERED && text.length <= LONGEST_STATUS) known.set(text, code);
  return code;
}
