import { type Logger as PinoLogger, type LogFn, pino } from 'pino';
import { createLineLimit } from './line-limit.ts';

export type Logger = PinoLogger;

const WARN = 40;
const SQLSTATE = /^[0-9A-Z]{5}$/u;

/**
 * JSON lines on stdout, one service name a process. Ids of requests, jobs and chunks are logged; patient ids,
 * feature values, bodies, keys and query strings never are: callers pass only what may be read by an operator, and of
 * PostgreSQL's errors what quotes values stays out. Warnings and errors of one kind are limited in a window of time.
 */
export function createLogger(service: string, level: string): Logger {
  const allow = createLineLimit();
  return pino({
    name: service,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['authorization', 'headers.authorization', 'patient_id', '*.patient_id'], remove: true },
    serializers: { err: loggedError },
    hooks: {
      logMethod(args, method, levelNumber) {
        if (levelNumber < WARN) return method.apply(this, args);
        const { pass, heldBack } = allow(kindOf(args));
        if (!pass) return undefined;
        const [about, ...rest] = args as unknown as [unknown, ...unknown[]];
        if (heldBack === 0 || typeof about !== 'object') return method.apply(this, args);
        const told = [{ ...about, held_back: heldBack }, ...rest] as unknown as Parameters<LogFn>;
        return method.apply(this, told);
      },
    },
  });
}

/** A line's words and the code of its error: what tells one fault from another, and no id. */
function kindOf(args: readonly unknown[]): string {
  const [about, words] = args;
  if (typeof about === 'string') return about;
  const { err, code } = (about ?? {}) as { err?: { code?: unknown }; code?: unknown };
  return `${String(words)} ${String(code ?? '')} ${String(err?.code ?? '')}`;
}

/** PostgreSQL quotes what it refuses ("Key (patient_id)=(…)", `invalid input syntax for type date: "…"`). */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, severity, cause } = error as { code?: unknown; severity?: unknown; cause?: unknown };
  if (typeof severity === 'string' && typeof code === 'string' && SQLSTATE.test(code)) {
    return { type: 'DatabaseError', code, message: unquoted(error.message), stack: framesOf(error) };
  }
  return {
    type: error.name,
    message: error.message.slice(0, 2_000),
    ...(code === undefined ? {} : { code }),
    stack: framesOf(error),
    ...(cause === undefined ? {} : { cause: loggedError(cause) }),
  };
}

/** Of class 22 the words before the value; others name relations and constraints, which an operator needs. */
function unquoted(message: string): string {
  return message.replace(/: ".*/su, ': …').slice(0, 300);
}

function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
}
