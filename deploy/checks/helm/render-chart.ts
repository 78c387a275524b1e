import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

/** What a template sees. */
export type Scope = { Values: Record<string, unknown>; Release: Record<string, unknown> };

type Token = { text: string } | { action: string };

/**
 * Renders the part of Helm's template language that our chart uses: values, `if`/`else`/`end`, string literals, and the
 * functions below in pipelines. No helm binary is in any registry that is reached here; where one is on the PATH, the test
 * compares with it too.
 * @throws on everything else: a template that is understood by halves would prove nothing.
 */
export function renderTemplate(text: string, scope: Scope): string {
  const tokens = tokenise(text);
  const output: string[] = [];
  /** One entry an open `if`: whether its current branch is written. */
  const branches: boolean[] = [];
  for (const token of tokens) {
    const written = branches.every(Boolean);
    if ('text' in token) {
      if (written) output.push(token.text);
      continue;
    }
    const { action } = token;
    if (action.startsWith('if ')) branches.push(truthy(evaluate(action.slice(3), scope)));
    else if (action === 'else') branches.push(branches.pop() !== true);
    else if (action === 'end') {
      if (branches.pop() === undefined) throw new Error('An end without an if.');
    } else if (written) output.push(textOf(evaluate(action, scope)));
  }
  if (branches.length > 0) throw new Error('An if without an end.');
  return output.join('');
}

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let rest = text;
  for (;;) {
    const match = /\{\{(-?)\s*("(?:[^"\\]|\\.)*"|[^}"]*(?:"(?:[^"\\]|\\.)*"[^}"]*)*?)\s*(-?)\}\}/u.exec(rest);
    if (match === null) return [...tokens, { text: rest }];
    const [whole, trimBefore, action = '', trimAfter] = match;
    const before = rest.slice(0, match.index);
    tokens.push({ text: trimBefore === '-' ? before.trimEnd() : before }, { action: action.trim() });
    rest = rest.slice(match.index + whole.length);
    if (trimAfter === '-') rest = rest.trimStart();
  }
}

function evaluate(expression: string, scope: Scope): unknown {
  let piped: unknown;
  for (const [index, stage] of expression.split(/\s\|\s/u).entries()) {
    const words = stage.trim().match(/"(?:[^"\\]|\\.)*"|\S+/gu) ?? [];
    const [first = '', ...others] = words;
    const given = others.map((word) => operand(word, scope));
    if (index > 0) given.push(piped);
    piped = first in FUNCTIONS ? call(first, given) : operand(first, scope);
    if (!(first in FUNCTIONS) && words.length > 1) throw new Error(`${expression} is not understood.`);
  }
  return piped;
}

function operand(word: string, scope: Scope): unknown {
  if (word.startsWith('"')) return JSON.parse(word) as string;
  if (/^\d+$/u.test(word)) return Number(word);
  if (!/^\.(Values|Release)(\.\w+)+$/u.test(word)) throw new Error(`${word} is not understood.`);
  const found = word
    .slice(1)
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], scope);
  if (found === undefined) throw new Error(`${word} has no value.`);
  return found;
}

const FUNCTIONS: Record<string, (...args: never[]) => unknown> = {
  quote: (value: unknown) => JSON.stringify(String(value)),
  toYaml: (value: unknown) => stringify(value, { lineWidth: 0 }).trimEnd(),
  toJson: (value: unknown) => JSON.stringify(sorted(value)),
  sha256sum: (text: string) => createHash('sha256').update(text).digest('hex'),
  nindent: (spaces: number, text: string) => `\n${text.replaceAll(/^(?=.)/gmu, ' '.repeat(spaces))}`,
};

function call(name: string, args: unknown[]): unknown {
  return (FUNCTIONS[name] as ((...all: unknown[]) => unknown) | undefined)?.(...args);
}

/** Go writes the keys of a map in order. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function truthy(value: unknown): boolean {
  return Boolean(value) && !(Array.isArray(value) && value.length === 0);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error('A map or a list stands where a text is wanted: toYaml.');
}
