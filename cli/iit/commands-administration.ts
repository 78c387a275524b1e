import { Option, type Command } from 'commander';
import { defineWebhooks } from './commands-webhooks.ts';
import type { Definition } from './option-values.ts';
import type { ChangeOptions, InviteOptions } from './verbs/people.ts';
import type { LoginOptions } from './verbs/login.ts';
import type { NewKeyOptions } from './verbs/keys.ts';

const ROLES = ['worker', 'supervisor', 'officer', 'scientist', 'auditor', 'admin'];
const DATABASE = 'straight in the database of DATABASE_URL: the first of all, or where no api runs';

/** Who may what, where the service is, and the tools of a clone. */
export function defineAdministration({ program, contextOf }: Definition): void {
  defineKeys({ program, contextOf });
  definePeople({ program, contextOf });
  defineWebhooks({ program, contextOf });
  const facilities = program.command('facilities').description('Facilities: list, take over a register.');
  facilities
    .command('ls')
    .description('Facilities with the state of their current lists.')
    .option('--state <name>')
    .option('--lga <name>')
    .option('--search <text>', 'part of name or id')
    .action(async (options: { state?: string; lga?: string; search?: string }, command: Command) =>
      (await import('./verbs/facilities.ts')).list(contextOf(command), options),
    );
  facilities
    .command('put')
    .description('Takes over a CSV of id, name, lga, state; what is not in it stays.')
    .argument('<file>', '- reads standard input')
    .action(async (file: string, _options: object, command: Command) =>
      (await import('./verbs/facilities.ts')).put(contextOf(command), file),
    );
  defineClone({ program, contextOf });
  defineLogin({ program, contextOf });
}

function defineKeys({ program, contextOf }: Definition): void {
  const load = () => import('./verbs/keys.ts');
  const keys = program.command('keys').description('Keys of machines.').option('--database', DATABASE, false);
  keys
    .command('ls')
    .description('Keys, revoked ones too.')
    .action(async (_options: object, command: Command) => (await load()).list(contextOf(command)));
  keys
    .command('create')
    .description('Makes a key; it is printed this once.')
    .requiredOption('--name <name>', 'what the log will call it')
    .requiredOption('--scope <scopes>', 'submit, read, audit, admin; several with commas')
    .option('--expires <day>', 'YYYY-MM-DD')
    .action(async (options: NewKeyOptions, command: Command) =>
      (await load()).create(contextOf(command), options),
    );
  keys
    .command('revoke')
    .description('Revokes a key; services refuse it within five seconds.')
    .requiredOption('--name <name>')
    .action(async (options: { name: string }, command: Command) =>
      (await load()).revoke(contextOf(command), options.name),
    );
}

function definePeople({ program, contextOf }: Definition): void {
  const load = () => import('./verbs/people.ts');
  const people = program
    .command('people')
    .description('People who may log in to the pages.')
    .option('--database', DATABASE, false);
  people
    .command('ls')
    .description('People with their roles and areas.')
    .action(async (_options: object, command: Command) => (await load()).list(contextOf(command)));
  people
    .command('invite')
    .description('Prints a link that works once within three days.')
    .requiredOption('--email <address>')
    .requiredOption('--name <name>')
    .addOption(new Option('--role <role>').choices(ROLES).makeOptionMandatory())
    .option(
      '--area <areas>',
      'of workers and supervisors: all, state:Kano, lga:Kano/Dala, facility:F1; with commas',
      '',
    )
    .addOption(new Option('--language <code>').choices(['en', 'fr', 'ha']).default('en'))
    .action(async (options: InviteOptions, command: Command) =>
      (await load()).invite(contextOf(command), options),
    );
  people
    .command('change')
    .description('Changes somebody’s role or areas, or shuts them out; ends their sessions.')
    .argument('<email>')
    .addOption(new Option('--role <role>').choices(ROLES))
    .option('--area <areas>', 'in place of those they have')
    .option('--disable', 'shut out')
    .option('--enable', 'let in again')
    .action(async (email: string, options: ChangeOptions, command: Command) =>
      (await load()).change(contextOf(command), email, options),
    );
}

/** Tools that a clone has: each takes its own options and shows its own help. */
function defineClone({ program, contextOf }: Definition): void {
  for (const [name, words] of [
    ['cohort', 'write a SYNTHETIC cohort to standard output'],
    ['demo', 'start the whole service on this machine, with people and lists'],
    ['migrate', 'bring the database of DATABASE_URL up to date'],
  ] as const) {
    program
      .command(name)
      .description(words)
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(async (_options: object, command: Command) => {
        const { runRepositoryScript } = await import('./verbs/scripts.ts');
        await runRepositoryScript(name, command.args);
      });
  }
  program
    .command('doctor')
    .description(
      'Looks at Node, PostgreSQL, Redis, schema, model, clocks, disk and keys, and says what to do.',
    )
    .action(async (_options: object, command: Command) =>
      (await import('./verbs/doctor.ts')).doctor(contextOf(command)),
    );
  program
    .command('completion')
    .description(
      'Prints a script that completes verbs and options; iit completion bash > FILE, then source it.',
    )
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string, _options: object, command: Command) =>
      (await import('./verbs/completion.ts')).completion(contextOf(command), shell, program),
    );
}

function defineLogin({ program, contextOf }: Definition): void {
  const load = () => import('./verbs/login.ts');
  program
    .command('login')
    .description(
      'Keeps where the service is, and a key, as a profile. The key is asked for, or read from standard input.',
    )
    .requiredOption('--url <address>', 'such as https://iit.example.org')
    .action(async (options: LoginOptions, command: Command) =>
      (await load()).login(contextOf(command), options),
    );
  program
    .command('logout')
    .description('Forgets the key of a profile.')
    .action(async (_options: object, command: Command) => (await load()).logout(contextOf(command)));
  program
    .command('whoami')
    .description('Whose key is in use, and what it may.')
    .action(async (_options: object, command: Command) => (await load()).whoami(contextOf(command)));
  const profile = program
    .command('profile')
    .description('Profiles: which services there are, which is in use.');
  profile
    .command('ls')
    .description('Profiles, without their keys.')
    .action(async (_options: object, command: Command) => (await load()).listProfiles(contextOf(command)));
  profile
    .command('use')
    .description('Uses this profile where none is named.')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) =>
      (await load()).useProfile(contextOf(command), name),
    );
  profile
    .command('rm')
    .description('Removes a profile and its key.')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) =>
      (await load()).removeProfile(contextOf(command), name),
    );
}
