import { type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

/**
 * JSON lines on stdout, one service name a process. Ids of requests, jobs and chunks are logged; patient ids,
 * feature values, bodies, keys and query strings never are: callers pass only what may be read by an operator.
 */
export function createLogger(service: string, level: string): Logger {
  return pino({
    name: service,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['authorization', 'headers.authorization', 'patient_id', '*.patient_id'], remove: true },
  });
}
