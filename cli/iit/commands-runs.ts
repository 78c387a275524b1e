import type { Command } from 'commander';
import { Option } from 'commander';
import { type Definition, duration, maxRejected, whole } from './option-values.ts';
import type { InputOptions } from './verbs/check.ts';
import type { ListOptions } from './verbs/runs.ts';
import type { ResultOptions, WorklistOptions, RejectionOptions } from './verbs/take-home.ts';
import type { SubmitOptions } from './verbs/submit.ts';

const MOST_ROWS = 1_000_000_000;

/** Sending cohorts, following them, taking home what came out. */
export function defineRuns({ program, contextOf }: Definition): void {
  withInputOptions(
    program
      .command('check')
      .summary('what would be understood of a file; nothing is stored')
      .description(
        'Sends the first rows of a file and shows its format, encoding, columns, dates, and what would be refused.',
      )
      .argument('<file>', 'CSV, workbook, NDJSON or JSON, plain or compressed; - reads standard input')
      .option('--rows <count>', 'rows to look at, or all', '10000'),
  ).action(async (file: string, options: InputOptions & { rows: string }, command: Command) =>
    (await import('./verbs/check.ts')).check(contextOf(command), file, options),
  );

  withInputOptions(
    program
      .command('submit')
      .summary('send files to be scored')
      .description(
        'Streams files into runs of their own. Content that was sent before with the same options is the earlier run, and that is said; --again makes a new one.',
      )
      .argument('<file...>', 'CSV, workbook, NDJSON or JSON, plain or compressed; - reads standard input')
      .option('--name <name>', 'for people; the nightly name makes the current lists', 'cohort')
      .option('--explain <count>', 'reasons to keep a row', whole('--explain', 0, 20), 3)
      .addOption(new Option('--priority <level>', 'against other runs').choices(['low', 'normal', 'high']))
      .option('--again', 'a new run, though the content was sent before', false)
      .option('--watch', 'follow it to its end', false)
      .option('--timeout <time>', 'how long to follow it', duration, 4 * 3_600_000),
  ).action(async (files: string[], options: SubmitOptions, command: Command) =>
    (await import('./verbs/submit.ts')).submit(contextOf(command), files, options),
  );

  const runs = program.command('runs').description('Runs: list, look at, follow, cancel, try again.');
  runs
    .command('ls')
    .description('Runs, newest first.')
    .addOption(
      new Option('--status <status>', 'only these').choices([
        'receiving',
        'queued',
        'running',
        'completed',
        'partial',
        'failed',
        'cancelled',
        'aborted',
      ]),
    )
    .option('--search <text>', 'part of name, sender or id')
    .option('--ended-from <day>', 'ended on this day or after (YYYY-MM-DD)')
    .option('--limit <count>', 'at most so many', whole('--limit', 1, 1_000_000), 20)
    .action(async (options: ListOptions, command: Command) =>
      (await import('./verbs/runs.ts')).list(contextOf(command), options),
    );
  runs
    .command('view')
    .description('One run: its counts, its model, what was refused and why it failed.')
    .argument('<run>', RUN)
    .action(async (run: string, _options: object, command: Command) =>
      (await import('./verbs/runs.ts')).view(contextOf(command), run),
    );
  runs
    .command('watch')
    .description('Follows a run to its end.')
    .argument('<run>', RUN)
    .option('--timeout <time>', 'how long', duration, 4 * 3_600_000)
    .action(async (run: string, options: { timeout: number }, command: Command) =>
      (await import('./verbs/runs.ts')).watch(contextOf(command), run, options),
    );
  runs
    .command('cancel')
    .description('Cancels a run; rows that are scored stay scored and audited.')
    .argument('<run>', RUN)
    .action(async (run: string, _options: object, command: Command) =>
      (await import('./verbs/runs.ts')).cancel(contextOf(command), run),
    );
  runs
    .command('retry')
    .description('Tries what was quarantined again.')
    .argument('<run>', RUN)
    .action(async (run: string, _options: object, command: Command) =>
      (await import('./verbs/runs.ts')).retry(contextOf(command), run),
    );
  defineTakeHome({ program, contextOf });
}

const RUN = 'id, the beginning of one, a name (its newest), or latest';

function defineTakeHome({ program, contextOf }: Definition): void {
  const tier = () => new Option('--tier <tier>', 'only this one').choices(['low', 'medium', 'high']);
  program
    .command('results')
    .description('Risks, tiers and reasons of a run that is over, as one stream.')
    .argument('<run>', RUN)
    .addOption(
      new Option('--format <format>', 'by the ending of -o, or csv').choices(['csv', 'ndjson', 'parquet']),
    )
    .addOption(
      new Option('--order <order>', 'of the rows; risk has the highest first').choices(['input', 'risk']),
    )
    .addOption(tier())
    .option('--min-risk <risk>', 'from 0 to 1')
    .option('--capacity <count>', 'only so many of the highest risk', whole('--capacity', 1, 100_000))
    .addOption(new Option('--per <group>', 'what --capacity counts for').choices(['facility', 'job']))
    .option('--limit <count>', 'rows in all', whole('--limit', 1, MOST_ROWS))
    .option('-o, --output <file>', 'instead of standard output')
    .action(async (run: string, options: ResultOptions, command: Command) =>
      (await import('./verbs/take-home.ts')).results(contextOf(command), run, options),
    );
  program
    .command('worklist')
    .summary('whom to call: the ranked list of each facility')
    .description(
      'The list of a run, for people; with --current the list that a facility works with now, with what came of calls.',
    )
    .argument('[run]', RUN)
    .option('--current', 'the facility’s present list instead of a run’s', false)
    .option('--facility <id>', 'only this one')
    .option('--capacity <count>', 'as many as can be called, a facility', whole('--capacity', 1, 50_000))
    .addOption(tier())
    .addOption(
      new Option('--list <list>', 'with --current').choices(['due', 'missed', 'interrupted', 'unknown']),
    )
    .addOption(new Option('--format <format>', 'by the ending of -o, or csv').choices(['csv', 'xlsx']))
    .option('-o, --output <file>', 'instead of standard output')
    .action(async (run: string | undefined, options: WorklistOptions, command: Command) =>
      (await import('./verbs/take-home.ts')).worklist(contextOf(command), run, options),
    );
  program
    .command('rejections')
    .description('Refused rows by line and field; or everybody in the file who got no risk, and why.')
    .argument('<run>', RUN)
    .option('--not-predicted', 'everybody without a risk: the tracing and data-quality list', false)
    .addOption(
      new Option('--format <format>', 'of the rows; xlsx with --not-predicted').choices([
        'csv',
        'ndjson',
        'xlsx',
      ]),
    )
    .option('--limit <count>', 'rows in all', whole('--limit', 1, MOST_ROWS))
    .option('-o, --output <file>', 'instead of standard output')
    .action(async (run: string, options: RejectionOptions, command: Command) =>
      (await import('./verbs/take-home.ts')).rejections(contextOf(command), run, options),
    );
}

/** What may be said of a file; all of it is found out where it is left away. */
function withInputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--source <kind>', 'what the file holds').choices(['table', 'line_list', 'nmrs', 'fhir']),
    )
    .addOption(new Option('--delimiter <name>', 'of a CSV').choices(['comma', 'semicolon', 'tab', 'bar']))
    .addOption(
      new Option('--encoding <name>', 'of a CSV').choices(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']),
    )
    .addOption(
      new Option('--date-order <order>', 'where the columns do not show it').choices(['dmy', 'mdy', 'ymd']),
    )
    .option('--sheet <name>', 'the only sheet to read')
    .option('--as-of <day>', 'line lists and messages: the day to score on (YYYY-MM-DD)')
    .option('--allow-stale', 'take a line list that is old', false)
    .option('--ignore-unknown', 'let columns pass that the model does not know', false)
    .option('--model <version>', 'instead of the active one')
    .option('--max-rejected <limit>', 'exit with 3 beyond so many refused rows (20, or 2%)', maxRejected);
}
