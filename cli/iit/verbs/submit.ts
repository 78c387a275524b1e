import { createHash, randomUUID } from 'node:crypto';
import type { IitClient, Job, Submitted } from '#client/index.ts';
import type { Context } from '../context.ts';
import { followRun, requireCompleted } from '../follow.ts';
import { type InputFile, openInput } from '../input.ts';
import { count, when } from '../output.ts';
import { NO_PROGRESS, startProgress } from '../progress.ts';
import { type InputOptions, inputQuery, requireFewRejected } from './check.ts';
import { showRun } from './runs.ts';

export type SubmitOptions = InputOptions & {
  name: string;
  explain: number;
  priority?: 'low' | 'normal' | 'high';
  again: boolean;
  watch: boolean;
  timeout: number;
};

/** One after the other; the first that goes wrong ends it, those before it stand. */
export async function submit(
  context: Context,
  files: readonly string[],
  options: SubmitOptions,
): Promise<void> {
  const client = await context.client();
  const inputs = await Promise.all(files.map(openInput));
  for (const [at, input] of inputs.entries()) {
    if (at > 0 && !context.out.json) context.out.line();
    await submitOne(context, client, input, options);
  }
}

async function submitOne(
  context: Context,
  client: IitClient,
  input: InputFile,
  options: SubmitOptions,
): Promise<void> {
  const { out } = context;
  const { job: sent, isEarlier } = await send(context, client, input, options);
  if (isEarlier) {
    const made = when(sent.created_at);
    out.warn(
      `This is the earlier run, of ${made}: the same content was sent with the same options. --again makes a new one.`,
    );
  } else
    out.say(`${input.name}: ${count(sent.rows.accepted)} rows are stored as run ${sent.id.slice(0, 8)}.`);
  const job = options.watch ? await followRun(context, client, sent.id, options.timeout) : sent;
  await tell(context, job);
  if (options.watch) requireCompleted(job);
  requireFewRejected(options.maxRejected, job.rows.rejected, job.rows.received);
}

async function send(
  { out }: Context,
  client: IitClient,
  input: InputFile,
  options: SubmitOptions,
): Promise<Submitted> {
  const query = {
    ...inputQuery(options),
    name: options.name,
    explain: options.explain,
    ...(options.priority === undefined ? {} : { priority: options.priority }),
  };
  const digest = options.again ? undefined : await input.digest();
  const idempotencyKey = digest === undefined ? randomUUID() : contentKey(digest, query);
  const progress = out.quiet ? NO_PROGRESS : await startProgress('sending');
  const { bytes } = input;
  try {
    return await client.submit(
      input.upload((sent) => {
        const size = `${megabytes(sent)}${bytes === undefined ? '' : ` of ${megabytes(bytes)}`} MB`;
        progress.show(bytes === undefined ? undefined : sent / Math.max(1, bytes), size);
      }),
      { ...query, idempotencyKey },
      { isRepeatable: input.isRepeatable },
    );
  } finally {
    progress.stop();
  }
}

/** The same content with the same options is the same run. */
function contentKey(digest: string, query: object): string {
  return `iit-${createHash('sha256').update(digest).update(JSON.stringify(query)).digest('hex').slice(0, 40)}`;
}

async function tell({ out }: Context, job: Job): Promise<void> {
  if (out.json) out.document(job);
  else if (out.quiet) out.line(job.id);
  else await showRun(out, job);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
