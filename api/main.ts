import { systemClock } from '#shared/clock/clock.ts';
import { ConfigError, loadConfig } from '#shared/config/config.ts';
import { createLogger } from '#shared/log/logger.ts';
import { mountPages } from '#web/mount-pages.ts';
import { startApi } from './server.ts';

/** Beyond the deadline for requests: closing connections may hang too. */
const LAST_RESORT_MS = 5_000;

try {
  const config = loadConfig();
  const log = createLogger('iit-api', config.LOG_LEVEL);
  const api = await startApi({ config, log, clock: systemClock, mountPages });
  log.info({ host: config.HOST, port: api.port, node: process.version }, 'the api listens');

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'the api stops');
      setTimeout(
        () => {
          log.error('the api did not stop in time');
          process.exit(1);
        },
        config.SHUTDOWN_SECONDS * 1_000 + LAST_RESORT_MS,
      ).unref();
      void api.stop().then(() => log.info('the api has stopped'));
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}
