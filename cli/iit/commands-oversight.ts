import { Option, type Command } from 'commander';
import { type Definition, eachWhole, whole } from './option-values.ts';
import type {
  AcknowledgeOptions,
  ActivateOptions,
  DecideOptions,
  ThresholdOptions,
  TrialOptions,
} from './verbs/models.ts';
import type { EventOptions, PatientOptions } from './verbs/audit.ts';
import type { ReceiptOptions } from './verbs/receipt.ts';

/** What was predicted and done, and with which models. */
export function defineOversight({ program, contextOf }: Definition): void {
  const audit = program
    .command('audit')
    .description('Who scored whom, who did what, and whether the log holds.');
  audit
    .command('patient')
    .description('Every prediction of a patient, the newest first; reading them is itself logged.')
    .argument('<patient>', 'patient id')
    .option('--from <time>', 'recorded at or after (2026-03-01, or with a time)')
    .option('--to <time>', 'recorded before')
    .option('--input', 'with the features that were scored', false)
    .option('--limit <count>', 'at most so many', whole('--limit', 1, 100_000), 50)
    .action(async (patient: string, options: PatientOptions, command: Command) =>
      (await import('./verbs/audit.ts')).patient(contextOf(command), patient, options),
    );
  audit
    .command('events')
    .description('Who read, exported, cancelled, activated, and who was refused.')
    .option('--action <action>', 'such as results.export or auth.refused')
    .option('--actor <name>', 'a key’s name or a person’s address')
    .addOption(new Option('--outcome <outcome>', 'only these').choices(['success', 'refused', 'failure']))
    .option('--entity <entity>', 'such as job/ID or patient/ID')
    .option('--from <time>', 'recorded at or after')
    .option('--to <time>', 'recorded before')
    .option('--limit <count>', 'at most so many', whole('--limit', 1, 100_000), 50)
    .action(async (options: EventOptions, command: Command) =>
      (await import('./verbs/audit.ts')).events(contextOf(command), options),
    );
  audit
    .command('verify')
    .description(
      'Recomputes the log in the database of DATABASE_URL; exits with 1 where something was altered.',
    )
    .option('--job <id>', 'only of this run')
    .option('--from <time>', 'recorded at or after')
    .option('--to <time>', 'recorded at or before')
    .option('--checkpoint <path...>', 'checkpoints kept outside: a file, or the folder of a file: sink')
    .option('--public-key <key>', 'the verifier key that is trusted; otherwise that of CHECKPOINT_KEY')
    .option('--rescore', 'score every stored input again', false)
    .action(async (_options: object, command: Command) => {
      const { runRepositoryScript } = await import('./verbs/scripts.ts');
      await runRepositoryScript('audit-verify', argumentsOf(command));
    });
  audit
    .command('receipt')
    .description(
      'The proof that a row of a run stands in the signed log: fetched, checked on this machine, and printed.',
    )
    .option('--job <run>', 'the run: its id, its name, or latest')
    .option('--row <number>', 'the row in the input, from 1', whole('--row', 1, 2 ** 31 - 1))
    .option('--file <path>', 'check this receipt instead, without the service')
    .option('--public-key <key>', 'the verifier key that is trusted; iit audit key and checkpoint print it')
    .option('-o, --output <file>', 'keep the receipt there')
    .option(
      '--database',
      'from the database of DATABASE_URL, as it is; docs/verify_receipt.py checks it',
      false,
    )
    .action(async (options: ReceiptOptions, command: Command) => {
      const { receipt } = await import('./verbs/receipt.ts');
      await receipt(contextOf(command), options);
    });
  audit
    .command('checkpoint')
    .description('Prints the newest signed checkpoint of the log, from DATABASE_URL.')
    .action(async (_options: object, command: Command) => {
      const { runRepositoryScript } = await import('./verbs/scripts.ts');
      await runRepositoryScript('audit-checkpoint', argumentsOf(command));
    });
  audit
    .command('key')
    .description(
      'Makes the private key that signs the log, unless the file is there; prints the verifier key.',
    )
    .argument('<file>', 'a secret of the workers alone: CHECKPOINT_KEY_FILE')
    .action(async (file: string) => {
      const { runRepositoryScript } = await import('./verbs/scripts.ts');
      await runRepositoryScript('checkpoint-key', [file]);
    });
  program
    .command('erase')
    .summary('forget a patient')
    .description('Takes a patient out of the database of DATABASE_URL, as its owner; the log still verifies.')
    .requiredOption('--patient <id>', 'patient id')
    .requiredOption('--reason <text>', 'why; it stays in the log for ever, so without name and id')
    .option('--tenant <name>', 'whose patient', 'default')
    .action(async (_options: object, command: Command) => {
      const { runRepositoryScript } = await import('./verbs/scripts.ts');
      await runRepositoryScript('erase', argumentsOf(command));
    });
  defineModels({ program, contextOf });
  program
    .command('outcomes')
    .summary('tell what became of patients')
    .description(
      'Files outcomes from a CSV (patient_id or job_id and row; outcome: interrupted or in_care; date), NDJSON or JSON.',
    )
    .argument('<file>', '- reads standard input')
    .action(async (file: string, _options: object, command: Command) =>
      (await import('./verbs/outcomes.ts')).outcomes(contextOf(command), file),
    );
}

function defineModels({ program, contextOf }: Definition): void {
  const models = program
    .command('models')
    .description('Registered models: list, register, activate, compare.');
  const load = () => import('./verbs/models.ts');
  models
    .command('ls')
    .description('Models, the newest first.')
    .action(async (_options: object, command: Command) => (await load()).list(contextOf(command)));
  models
    .command('view')
    .description('A model with its cut-offs, metrics and intended use.')
    .argument('<version>')
    .action(async (version: string, _options: object, command: Command) =>
      (await load()).view(contextOf(command), version),
    );
  models
    .command('register')
    .description(
      'Registers what npm run model:train wrote: a .txt with its manifest and golden rows beside it.',
    )
    .argument('<model>', 'such as models/iit_lightgbm_model.txt')
    .action(async (model: string, _options: object, command: Command) =>
      (await load()).register(contextOf(command), model),
    );
  models
    .command('activate')
    .description('Scores new runs with this model.')
    .argument('<version>')
    .requiredOption('--reason <text>', 'why, for the log')
    .option('--approver <name>', 'who answers for its use')
    .option('--expires <day>', 'until when, after which lists say so')
    .option('--silent', 'score and keep, and show it on no call list', false)
    .action(async (version: string, options: ActivateOptions, command: Command) =>
      (await load()).activate(contextOf(command), version, options),
    );
  models
    .command('rollback')
    .description('Activates the model that was active before.')
    .requiredOption('--reason <text>', 'why, for the log')
    .action(async (options: { reason: string }, command: Command) =>
      (await load()).rollback(contextOf(command), options.reason),
    );
  models
    .command('shadow')
    .description('Scores new runs with this model too, without effect; shows what came of it so far.')
    .argument('<version>')
    .option('--start', 'begin', false)
    .option('--stop', 'end', false)
    .action(async (version: string, options: { start: boolean; stop: boolean }, command: Command) =>
      (await load()).shadow(contextOf(command), version, options),
    );
  models
    .command('drift')
    .description(
      'How far the patients of late differ from those like them; exits with 1 where an alarm stands.',
    )
    .argument('<version>')
    .action(async (version: string, _options: object, command: Command) =>
      (await load()).drift(contextOf(command), version),
    );
  defineTerms({ program: models, contextOf });
  models
    .command('acknowledge')
    .description('Acknowledges drift alarms: all that stand, or those named.')
    .argument('<version>')
    .requiredOption('--reason <text>', 'what it was, for the log')
    .option('--alarm <id...>', 'only these, as models drift shows them', eachWhole('--alarm', 1, 2 ** 53 - 1))
    .option('--expected', 'this is how things are now: the like of it raises no new alarm', false)
    .action(async (version: string, options: AcknowledgeOptions, command: Command) =>
      (await load()).acknowledge(contextOf(command), version, options),
    );
}

/** Who stands for a model's use, and on what terms. */
function defineTerms({ program: models, contextOf }: Definition): void {
  const load = () => import('./verbs/models.ts');
  models
    .command('init')
    .description('Describes a LightGBM model of any table by a sample of it; see models init --help.')
    .argument('[arguments...]')
    .allowUnknownOption()
    .action(async (_arguments: string[], _options: object, command: Command) => {
      const { runRepositoryScript } = await import('./verbs/scripts.ts');
      await runRepositoryScript('models-init', argumentsOf(command));
    });
  models
    .command('trial')
    .description('What a silent period has shown, held against its rule; or begins one.')
    .argument('<version>')
    .option('--start', 'begin', false)
    .option('--reason <text>', 'why, for the log')
    .option('--until <day>', 'its last day')
    .action(async (version: string, options: TrialOptions, command: Command) =>
      (await load()).trial(contextOf(command), version, options),
    );
  models
    .command('decide')
    .description('Decides a silent period: go or no_go.')
    .argument('<version>')
    .argument('<decision>', 'go or no_go')
    .requiredOption('--reason <text>', 'why, for the log')
    .requiredOption('--approver <name>', 'who answers for it')
    .option('--against-rule', 'a go that the rule speaks against', false)
    .action(async (version: string, decision: string, options: DecideOptions, command: Command) =>
      (await load()).decide(contextOf(command), version, decision, options),
    );
  models
    .command('thresholds')
    .description('Shows from which risks on a patient is in a tier, now and before; or sets them.')
    .argument('<version>')
    .option('--medium <risk>', 'from which risk on')
    .option('--high <risk>', 'from which risk on')
    .option('--reason <text>', 'why, for the log')
    .option('--approver <name>', 'who answers for them')
    .option('--review <day>', 'by when they are looked at anew')
    .action(async (version: string, options: ThresholdOptions, command: Command) =>
      (await load()).thresholds(contextOf(command), version, options),
    );
  models
    .command('equity')
    .description('Whom a model served in a quarter, and whom less.')
    .argument('<version>')
    .argument('[quarter]', 'such as 2026-Q3; the latest of which a report was made')
    .action(async (version: string, quarter: string | undefined, _options: object, command: Command) =>
      (await load()).equity(contextOf(command), version, quarter),
    );
}

/** A command's own options as they were given. */
function argumentsOf(command: Command): string[] {
  const options = command.opts<Record<string, string | boolean | string[]>>();
  return Object.entries(options).flatMap(([name, value]) => {
    const option = `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
    if (typeof value === 'boolean') return value ? [option] : [];
    return [value].flat().flatMap((one) => [option, one]);
  });
}
