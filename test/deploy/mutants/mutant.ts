/** A fault that somebody may make: one place of one file with another text. Some rule has to see it. */
export type Mutant = { name: string; file: string; from: string; to: string };

/** @throws where the file no longer says what the mutant changes: a mutant that changes nothing proves nothing. */
export function mutate({ name, file, from, to }: Mutant, text: string): string {
  if (!text.includes(from)) throw new Error(`${name}: ${file} does not say ${JSON.stringify(from)}.`);
  return text.replace(from, () => to);
}

/** Writes a list of mutants of one file as short as it can be. */
export function mutantsOf(
  file: string,
  changes: Readonly<Record<string, readonly [from: string, to: string]>>,
): Mutant[] {
  return Object.entries(changes).map(([name, [from, to]]) => ({ name, file, from, to }));
}
