import { Command } from 'commander';
import { defineAdministration } from './commands-administration.ts';
import { defineOversight } from './commands-oversight.ts';
import { defineRuns } from './commands-runs.ts';
import { createContext, type GlobalFlags } from './context.ts';
import type { Definition } from './option-values.ts';

const EXIT_CODES = `
Exit codes: 0 done · 1 failed · 2 not understood · 3 more rows refused than --max-rejected · 4 not allowed ·
5 the job failed or was cancelled · 6 timed out · 130 interrupted

Data go to standard output, everything else to standard error.`;

/**
 * Every verb with its options; what a verb does is loaded when it is called, so that help is quick. Parsing throws
 * CommanderError where the line is not understood or help was asked for.
 */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('iit')
    .description(
      'Scores cohorts for the risk of interruption in treatment, reads the results, and looks after the service.',
    )
    .option('--json', 'data as JSON', false)
    .option('-q, --quiet', 'nothing on standard error but faults', false)
    .option('--no-color', 'no colours (as NO_COLOR does)')
    .option('--profile <name>', 'which service: a profile of iit login')
    .option('--debug', 'with a fault, where it arose', false)
    .showHelpAfterError('iit COMMAND --help shows what it takes.')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .exitOverride();
  const definition: Definition = {
    program,
    contextOf: (command) => createContext(command.optsWithGlobals<GlobalFlags>(), signal),
  };
  defineRuns(definition);
  defineOversight(definition);
  defineAdministration(definition);
  return program;
}
