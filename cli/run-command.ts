import { readFileSync } from 'node:fs';

/** An operator's script was started without something that it needs. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

/**
 * A variable, or what the file of `NAME_FILE` holds.
 * @throws OperatorError when neither is set.
 */
export function required(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const value = optional(name, env);
  if (value === undefined) throw new OperatorError(`${name} (or ${name}_FILE) is not set.`);
  return value;
}

/** A variable, or what the file of `NAME_FILE` holds; empty counts as not set. */
export function optional(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = env[name];
  if (value) return value;
  const file = env[`${name}_FILE`];
  if (!file) return undefined;
  return readFileSync(file, 'utf8').trim() || undefined;
}

/** Runs a script's body: one JSON line for what it did, or one line for what went wrong and exit status 1. */
export async function runScript(name: string, body: () => Promise<Record<string, unknown>>): Promise<void> {
  try {
    process.stdout.write(`${JSON.stringify({ script: name, ...(await body()) })}\n`);
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`${name}: ${error instanceof OperatorError ? message : stack}\n`);
    process.exitCode = 1;
  }
}
