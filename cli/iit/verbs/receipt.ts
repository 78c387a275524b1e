import { open } from 'node:fs/promises';
import type { Receipt } from '#shared/ledger/receipt-schema.ts';
import { parseVerifierKey } from '#shared/ledger/signed-note.ts';
import { ReceiptError, verifyReceipt } from '#shared/ledger/verify-receipt.ts';
import type { Context } from '../context.ts';
import { CommandError, UsageError } from '../exit.ts';
import { percent, when, zoneName } from '../output.ts';
import { resolveRun } from '../resolve-run.ts';
import { runRepositoryScript } from './scripts.ts';

export type ReceiptOptions = {
  job?: string;
  row?: number;
  file?: string;
  publicKey?: string;
  output?: string;
  database: boolean;
};

const MOST_BYTES = 1 << 20;
const TIERS = ['low', 'medium', 'high'];

/**
 * Prints a receipt once it was checked here, by its own hashes and by the key that is trusted; what the service says of it counts for
 * nothing. The finding goes to standard error, so that the receipt may be kept by a pipe.
 */
export async function receipt(context: Context, options: ReceiptOptions): Promise<void> {
  const { job, row, file, database } = options;
  const named = job !== undefined && row !== undefined;
  if (file === undefined ? !named : job !== undefined || row !== undefined || database)
    throw new UsageError('A receipt is named by --job and --row, or lies in --file.');
  if (database) {
    if (options.publicKey !== undefined || options.output !== undefined)
      throw new UsageError('--database prints the receipt as it is, without --public-key and -o.');
    await runRepositoryScript('audit-receipt', ['--job', String(job), '--row', String(row)]);
    return;
  }
  const verifier = options.publicKey === undefined ? undefined : trusted(options.publicKey);
  const found = file === undefined ? await fetched(context, String(job), Number(row)) : await readFrom(file);
  const { receipt, entries } = checked(found, verifier);
  await print(context, receipt, options);
  context.out.say(describe(receipt, entries));
  if (verifier === undefined)
    context.out.warn('Nobody’s signature was checked: --public-key says whose is trusted.');
}

function trusted(text: string) {
  try {
    return parseVerifierKey(text);
  } catch (error) {
    throw new UsageError(`--public-key: ${(error as Error).message}.`);
  }
}

async function fetched({ client }: Context, run: string, row: number): Promise<unknown> {
  const api = await client();
  return await api.receipt(await resolveRun(api, run), row);
}

async function readFrom(file: string): Promise<unknown> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > MOST_BYTES) throw new CommandError(`${file} is too large for a receipt.`);
    return JSON.parse(await handle.readFile('utf8'));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === undefined ? 'is no JSON' : `cannot be read (${code})`;
    throw new CommandError(`${file} ${why}.`, undefined, { cause: error });
  }
}

function checked(document: unknown, verifier: Parameters<typeof verifyReceipt>[1]) {
  try {
    return verifyReceipt(document, verifier);
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    throw new CommandError(`The receipt does not hold: ${error.message}.`, undefined, { cause: error });
  }
}

async function print({ out }: Context, receipt: Receipt, { file, output }: ReceiptOptions): Promise<void> {
  if (output !== undefined && output !== '-') {
    const text = Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`);
    await out.stream(
      (async function* () {
        yield text;
      })(),
      output,
    );
  } else if (file === undefined || out.json) out.document(receipt);
}

function describe({ row, chunk, log }: Receipt, entries: number): string {
  const scoredAt = new Date(Number(BigInt(chunk.recorded_at_micros) / 1_000n)).toISOString();
  return [
    `It holds: row ${row.number} of run ${chunk.job_id}`,
    `risk ${percent(row.risk)}, tier ${TIERS[row.tier] ?? row.tier}`,
    `scored ${when(scoredAt)} ${zoneName()} for ${chunk.actor} by model ${chunk.model_version}`,
    `entry ${log.entry} of a log of ${entries}.`,
  ].join('; ');
}
