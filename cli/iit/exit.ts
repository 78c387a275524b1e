/** What a script may decide by. Kept as they are: scripts out there know them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  rowsRefused: 3,
  notAllowed: 4,
  jobFailed: 5,
  timedOut: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An ordinary fault: its message is one sentence with the remedy, and all that is shown without --debug. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line was not understood. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, EXIT.usage);
  }
}
