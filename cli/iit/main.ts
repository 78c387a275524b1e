import { CommanderError } from 'commander';
import { OperatorError } from '../run-command.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import { createProgram } from './program.ts';
import { runRepositoryScript, scriptOf } from './verbs/scripts.ts';

/** Runs one command line and sets the process's exit code. Never rejects. */
export async function main(argv: readonly string[]): Promise<void> {
  const interrupted = new AbortController();
  // `| head` closes the pipe early: that is no fault, and nothing more is wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.done);
  });
  process.stderr.on('error', () => process.exit(EXIT.failed));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted.abort(new CommandError('Interrupted.', EXIT.interrupted));
      // A second one does not wait for what is under way.
      process.once(signal, () => process.exit(EXIT.interrupted));
    });
  }
  try {
    const script = scriptOf(argv.slice(2));
    if (script !== undefined) return await runRepositoryScript(script.name, script.args);
    await createProgram(interrupted.signal).parseAsync(argv);
  } catch (error) {
    process.exitCode = interrupted.signal.aborted ? EXIT.interrupted : await exitCodeOf(error);
    await report(error, argv.includes('--debug'), interrupted.signal);
  }
}

async function exitCodeOf(error: unknown): Promise<ExitCode> {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { ApiError } = await import('#client/index.ts');
  if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return EXIT.notAllowed;
  return EXIT.failed;
}

/** One sentence; the stack with --debug, and where the fault is nobody's but the program's. */
async function report(error: unknown, isDebug: boolean, interrupted: AbortSignal): Promise<void> {
  // commander has said what it had to say.
  if (error instanceof CommanderError) return;
  if (interrupted.aborted) {
    process.stderr.write('Interrupted.\n');
    return;
  }
  const { ApiError, ConnectionError } = await import('#client/index.ts');
  const isOrdinary =
    error instanceof CommandError ||
    error instanceof OperatorError ||
    error instanceof ApiError ||
    error instanceof ConnectionError ||
    (error as Error).name === 'ConfigError' ||
    isSystemError(error);
  const { message, stack } = error as Error;
  const request =
    error instanceof ApiError && error.requestId !== undefined ? ` Request ${error.requestId}.` : '';
  process.stderr.write(
    `iit: ${isOrdinary ? `${message}${request}` : `${message}\nThis is a fault of iit; --debug shows where.`}\n`,
  );
  if (isDebug) process.stderr.write(`${stack}\n`);
}

/** Such as ENOENT or EACCES of a file: its message names the path. */
function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
