import path from 'node:path';
import { takeDataFolder } from './data-folder.ts';
import { IitClient, type Schemas } from '#client/index.ts';
import { type DemoServices, startDemoServices } from './demo-services.ts';
import { type DemoOptions, readOptions, USAGE } from './options.ts';
import { showAudit, showNext, showRisks, showTiers, showWritten } from './show.ts';
import { demoLinks } from './demo-people.ts';
import { submitStories } from './stories.ts';
import { submitCohort } from './submit-cohort.ts';

const SHOWN = 10;
const repository = path.resolve(import.meta.dirname, '..', '..');
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));
}
// `| head` closes the pipe: the services are stopped as for Ctrl-C, where whoever started this would end at once.
process.stdout.removeAllListeners('error');
process.stdout.on('error', () => interrupted.abort(new Error('nobody reads any more')));

const say = (step: string) => process.stdout.write(`  ${step}\n`);

async function main(options: DemoOptions): Promise<void> {
  process.stdout.write('Starting the whole service on this machine\n');
  const data = await takeDataFolder(options.dataDir, repository);
  let services: DemoServices | undefined;
  try {
    services = await startDemoServices({ data, repository, port: options.port, say });
    interrupted.signal.throwIfAborted();
    const died = Promise.race(services.processes.map((service) => service.died));
    died.catch(() => undefined);
    const summary = await Promise.race([walkThrough(options, services), died]);
    if (options.once) {
      await services.stop();
      process.stdout.write(`${JSON.stringify(summary)}\n`);
      return;
    }
    process.stdout.write('\nEverything stays up until Ctrl-C.\n');
    await Promise.race([untilInterrupted(), died]);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  } finally {
    if (!options.once || interrupted.signal.aborted) process.stdout.write('\nStopping …\n');
    await services?.stop();
    await data.release();
  }
  process.stdout.write('Stopped. The data stay for the next time.\n');
  if (options.once) process.exitCode = 130;

  async function walkThrough({ rows, seed }: DemoOptions, services: DemoServices) {
    const client = new IitClient({ url: services.apiUrl, key: services.key });
    process.stdout.write(`\nSubmitting a SYNTHETIC cohort of ${rows.toLocaleString('en-GB')} patients\n`);
    const { job, seconds } = await submitCohort(client, {
      rows,
      seed,
      repository,
      signal: interrupted.signal,
    });
    showTiers(job, seconds);
    if (job.status !== 'completed') {
      throw new Error(
        `The job is ${job.status}: ${job.error?.message ?? ''} The reasons are in ${data.logs}.`,
      );
    }
    const highest: Schemas['Result'][] = [];
    for await (const row of client.results(job.id, { order: 'risk', limit: SHOWN })) {
      highest.push(row);
      if (highest.length === SHOWN) break;
    }
    showRisks(highest);
    showAudit(await latestAudit(client, highest[0]?.patient_id));
    await showWritten(services, data);
    const stories = await submitStories(client, { repository, seed: seed + 1 });
    for await (const _state of client.watch(stories.id, interrupted.signal));
    showNext(services, job, await demoLinks(services, rows));
    return {
      rows: job.rows.received,
      scored: job.rows.scored,
      rejected: job.rows.rejected,
      seconds: Math.round(seconds * 100) / 100,
    };
  }
}

async function latestAudit(
  client: IitClient,
  patientId: string | undefined,
): Promise<Schemas['AuditRecord'] | undefined> {
  if (patientId === undefined) return undefined;
  for await (const record of client.auditRecords({ patient_id: patientId, include: 'input', limit: 1 }))
    return record;
  return undefined;
}

/** The timer keeps the process alive: nothing else does while it waits. */
async function untilInterrupted(): Promise<void> {
  const keepAlive = setInterval(() => undefined, 3_600_000);
  await new Promise<void>((resolve) => {
    if (interrupted.signal.aborted) resolve();
    interrupted.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(keepAlive);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await main(options);
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${message}\n${cause instanceof Error ? `${cause.message}\n` : ''}`);
  if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true)
    process.stderr.write(`\n${USAGE}`);
  process.exitCode = 1;
}
