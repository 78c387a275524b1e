import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One guarantee about the deployment's files. `check` throws, by `expect`, where the subject breaks it. */
export type Rule<Subject> = { name: string; check: (subject: Subject) => void };

/** The repository's files, some of them perhaps with another text: what rules read, so that a mutant needs no copy. */
export type Tree = { read(path: string): string; exists(path: string): boolean };

export function treeOf(changed: Readonly<Record<string, string>> = {}): Tree {
  return {
    read: (path) => changed[path] ?? readFileSync(path, 'utf8'),
    exists: (path) => path in changed || existsSync(path),
  };
}

/** Collects rules in the order in which they are written. */
export function ruleBook<Subject>() {
  const rules: Rule<Subject>[] = [];
  return {
    rules: rules as readonly Rule<Subject>[],
    rule: (name: string, check: (subject: Subject) => void) => void rules.push({ name, check }),
  };
}

/** Joins a path that is relative to a file's folder to the root. */
export function beside(file: string, path: string): string {
  return join(file, '..', path);
}
