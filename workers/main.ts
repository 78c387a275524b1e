import { systemClock } from '#shared/clock/clock.ts';
import { ConfigError, loadConfig } from '#shared/config/config.ts';
import { createLogger } from '#shared/log/logger.ts';
import { startWorker } from './worker.ts';

/** Beyond the deadline for chunks: closing connections may hang too. */
const LAST_RESORT_MS = 5_000;

try {
  const config = loadConfig();
  const log = createLogger('iit-worker', config.LOG_LEVEL);
  const worker = await startWorker({ config, log, clock: systemClock });
  log.info({ port: worker.port, node: process.version }, 'the worker takes chunks');

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'the worker stops');
      setTimeout(
        () => {
          log.error('the worker did not stop in time');
          process.exit(1);
        },
        config.SHUTDOWN_SECONDS * 1_000 + LAST_RESORT_MS,
      ).unref();
      void worker.stop().then(() => log.info('the worker has stopped'));
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}
