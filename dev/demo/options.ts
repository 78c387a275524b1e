import { parseArgs } from 'node:util';

export type DemoOptions = {
  /** End after the first job. */
  once: boolean;
  rows: number;
  seed: number;
  /** The api's port; the next free one where it is taken. */
  port: number;
  /** Undefined: .data/demo in the repository, or a temporary folder where PostgreSQL cannot reach that. */
  dataDir: string | undefined;
  help: boolean;
};

export const USAGE = `iit demo [--once] [--rows 20000] [--seed 1] [--port 8000] [--data-dir .data/demo]
Starts the whole service on this machine, scores a SYNTHETIC cohort, prints log-in links, and stays until Ctrl-C.
`;

/** Throws an Error in words on anything that is not understood. */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      rows: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      port: { type: 'string', default: '8000' },
      'data-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    once: values.once,
    rows: whole('--rows', values.rows, 1, 100_000_000),
    seed: whole('--seed', values.seed, 0, 0xffff_ffff),
    port: whole('--port', values.port, 0, 65_535),
    dataDir: values['data-dir'],
    help: values.help,
  };
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d{1,10}$/u.test(text) || value < min || value > max) {
    throw new Error(`${option} takes a whole number from ${min} to ${max}, not "${text}".`);
  }
  return value;
}
