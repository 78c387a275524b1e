import { existsSync } from 'node:fs';
import path from 'node:path';
import { CommandError } from '../exit.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Scripts that read their own options, by the verb that stands for them. */
const SCRIPTS: Record<string, string> = {
  cohort: 'models/synthetic/main.ts',
  demo: 'dev/demo/main.ts',
  migrate: 'cli/migrate.ts',
  keys: 'cli/keys.ts',
  people: 'cli/people.ts',
  'audit-verify': 'cli/audit-verify.ts',
  'audit-receipt': 'cli/audit-receipt.ts',
  'audit-checkpoint': 'cli/audit-checkpoint.ts',
  'checkpoint-key': 'cli/checkpoint-key.ts',
  erase: 'cli/erase.ts',
  'models-init': 'models/init/main.ts',
};

/**
 * Runs a script of the repository in this process with these options. It answers to signals itself.
 * @throws CommandError where the script is not part of this installation: an image has no demo.
 */
export async function runRepositoryScript(name: string, args: readonly string[]): Promise<void> {
  const script = path.join(ROOT, SCRIPTS[name] ?? '');
  if (!existsSync(script))
    throw new CommandError(`iit ${name} needs a clone of the repository: ${script} is not here.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal);
  process.argv.splice(1, Infinity, script, ...args);
  await import(script);
}

/**
 * The script and options that a command line stands for, where it is one of those that read their own: the tools of a clone,
 * and keys and people with `--database`.
 */
export function scriptOf(args: readonly string[]): { name: string; args: string[] } | undefined {
  const [name = '', ...rest] = args;
  if (name === 'cohort' || name === 'demo' || name === 'migrate') return { name, args: rest };
  if (name === 'models' && rest[0] === 'init') return { name: 'models-init', args: rest.slice(1) };
  const isDirect = (name === 'keys' || name === 'people') && rest.includes('--database');
  if (!isDirect || rest.includes('--help') || rest.includes('-h')) return undefined;
  const own = rest.filter((word) => word !== '--database');
  return { name, args: own.map((word, at) => (at === 0 && word === 'ls' ? 'list' : word)) };
}
