import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { timeZone } from '#patients/values/time-zone.ts';
import { networksOf } from './networks.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const role = z
  .string()
  .regex(/^[a-z_][a-z0-9_]*$/u)
  .optional();

function isTimeZone(name: string): boolean {
  try {
    timeZone(name);
    return true;
  } catch {
    return false;
  }
}

function isNetworkList(text: string): boolean {
  return networksOf(text) !== undefined;
}

/** `INFO`, `WARNING` and `CRITICAL` are what other loggers call their levels. */
const LEVEL_NAMES: Record<string, string> = { warning: 'warn', critical: 'fatal' };
const logLevelName = (text: unknown) => {
  if (typeof text !== 'string') return text;
  const name = text.toLowerCase();
  return LEVEL_NAMES[name] ?? name;
};

/** Every environment variable that the service reads, with its default and limits; see docs/configuration.md. */
export const environment = z.object({
  NODE_ENV: z.string().default('production'),
  LOG_LEVEL: z
    .preprocess(logLevelName, z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']))
    .default('info'),
  HOST: z.string().default('0.0.0.0'),
  PORT: port.default(8000),
  WORKER_PORT: port.default(8001),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//u, 'must start with postgres://'),
  API_DATABASE_ROLE: role.default('iit_api'),
  WORKER_DATABASE_ROLE: role.default('iit_worker'),
  DATABASE_POOL_SIZE: count(2, 200).default(10),
  QUEUE_URL: z
    .string()
    .regex(/^(rediss?|postgres|postgresql):\/\//u, 'must start with redis://, rediss:// or postgres://')
    .optional(),
  REDIS_HOST: z.string().optional(),
  REDIS_PORT: port.default(6379),
  REDIS_PASSWORD: z.string().optional(),
  MODEL_PATH: z.string().default('models/iit_lightgbm_model.txt'),
  MAX_BATCH_SIZE: count(1, 10_000).default(100),
  CORS_ORIGINS: z.string().default(''),
  TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be an IANA name such as Africa/Lagos')
    .default('Africa/Lagos'),
  CHUNK_ROWS: count(100, 100_000).default(10_000),
  MAX_UPLOADS: count(1, 1_000).default(8),
  MAX_UPLOADS_PER_TENANT: count(1, 1_000).default(6),
  MAX_UPLOAD_BYTES: count(1_024, Number.MAX_SAFE_INTEGER).default(20 * 1024 ** 3),
  MAX_ROW_BYTES: count(1_024, 16 * 1024 ** 2).default(1024 ** 2),
  MIN_UPLOAD_BYTES_PER_SECOND: count(0, 1_000_000_000).default(1_024),
  INTAKE_THREADS: count(0, 16).default(0),
  MEMORY_BUDGET_MB: count(16, 65_536).default(256),
  KEY_REQUESTS_PER_SECOND: count(0, 1_000_000).default(200),
  KEY_POLLS_PER_SECOND: count(0, 1_000_000).default(2_000),
  KEY_PREDICTIONS_PER_SECOND: count(0, 1_000_000).default(5_000),
  TENANT_REQUESTS_PER_SECOND: count(0, 1_000_000).default(400),
  ADDRESS_REFUSALS_PER_SECOND: count(0, 1_000_000).default(20),
  MAX_WAITING_PER_KEY: count(1, 100_000).default(50),
  TRUST_PROXY_HOPS: count(0, 10).default(0),
  MAX_OPEN_CHUNKS: count(1, 1_000_000).default(4_000),
  SCORING_THREADS: count(0, 64).default(0),
  SCORING_THREAD_HEAP_MB: count(1, 4_096).default(192),
  CHUNKS_IN_FLIGHT: count(1, 64).default(3),
  CHUNK_MAX_ATTEMPTS: count(1, 20).default(5),
  LEASE_SECONDS: count(1, 3_600).default(60),
  RETRY_SECONDS: z.coerce.number().min(0).max(600).default(1),
  ORPHAN_SECONDS: count(1, 3_600).default(90),
  SWEEP_SECONDS: z.coerce.number().min(0.05).max(600).default(5),
  RING_SECONDS: z.coerce.number().min(0.1).max(600).default(15),
  LEDGER_SECONDS: z.coerce.number().min(0.05).max(3_600).default(10),
  CHECKPOINT_KEY: z.string().optional(),
  CHECKPOINT_ORIGIN: z
    .string()
    .regex(/^[^\s+]{1,200}$/u, 'must be a name without spaces and plus, such as iit.example.org/log')
    .default('iit-ml-service'),
  CHECKPOINT_SECONDS: z.coerce.number().min(0).max(86_400).default(60),
  CHECKPOINT_SINKS: z.string().default('log:'),
  SHUTDOWN_SECONDS: count(1, 600).default(25),
  MODELS_IN_MEMORY: count(1, 64).default(4),
  MAX_WAITING_PREDICTIONS: count(1, 1_000_000).default(5_000),
  FEATURE_STORE_URL: z
    .string()
    .regex(/^rediss?:\/\//u, 'must start with redis:// or rediss://')
    .optional(),
  FEATURE_STORE_TTL_SECONDS: count(1, 31_536_000).default(86_400),
  FEATURE_STORE_PATIENTS: count(1, 10_000_000).default(50_000),
  FACILITY_EFFECT: z.enum(['on', 'off']).default('on'),
  UNVALIDATED_FORMATS: z.enum(['warn', 'refuse']).default('warn'),
  DRIFT_FEATURE_PSI: z.coerce.number().positive().default(0.01),
  DRIFT_SCORE_PSI: z.coerce.number().positive().default(0.01),
  DRIFT_DEVIATIONS: z.coerce.number().min(3).max(20).default(5.5),
  DRIFT_MINIMUM_ROWS: count(1, 1_000_000_000).default(200),
  DRIFT_WINDOW_DAYS: count(1, 3_650).default(28),
  DRIFT_SECONDS: z.coerce.number().min(0.05).max(3_600).default(15),
  OUTCOMES_FROM_JOBS: z.enum(['on', 'off']).default('off'),
  OUTCOMES_SECONDS: z.coerce.number().min(0.05).max(86_400).default(60),
  INDEX_SECONDS: z.coerce.number().min(0.05).max(3_600).default(1),
  SHADOW_SECONDS: z.coerce.number().min(0.05).max(3_600).default(5),
  METRICS_PORT: port.optional(),
  METRICS_TOKEN: z
    .string()
    .regex(/^[!-~]{16,200}$/u, 'must be 16 to 200 printable ASCII characters')
    .optional(),
  DOCS: z.enum(['on', 'off']).default('on'),
  MAX_MODEL_BYTES: count(1_024, 1024 ** 3).default(64 * 1024 ** 2),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .regex(/^https?:\/\/[^\s/]+/u, 'must start with http:// or https://')
    .optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(
      /^\s*[\w-]+\s*=(?:[^,%]|%[0-9a-f]{2})*(?:,\s*[\w-]+\s*=(?:[^,%]|%[0-9a-f]{2})*)*$/iu,
      'must be name=value,name=value with percent-encoded values',
    )
    .optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  WEB_ORIGIN: z
    .string()
    .regex(/^https?:\/\/[^\s/]+$/u, 'must be an origin, such as https://iit.example.org')
    .optional(),
  WEB_SECRET: z.string().min(32, 'must have 32 characters or more').optional(),
  OIDC_ISSUER: z
    .string()
    .regex(/^https?:\/\/[^\s]+$/u, 'must start with https://')
    .optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  EMR_PATIENT_URL: z
    .string()
    .regex(/^https?:\/\/[^\s]+$/u, 'must be an address that holds {patient_id}')
    .refine((address) => address.includes('{patient_id}'), 'must be an address that holds {patient_id}')
    .optional(),
  CURRENT_LIST_NAME: z.string().min(1).max(200).default('nightly'),
  PUBLISH_SECONDS: z.coerce.number().min(0.05).max(3_600).default(5),
  STALE_LIST_DAYS: count(1, 365).default(3),
  WEBHOOK_SECONDS: z.coerce.number().min(0.05).max(600).default(1),
  WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().min(0.05).max(60).default(10),
  WEBHOOK_RETRY_SECONDS: z
    .string()
    .regex(
      /^\d{1,6}(?:\.\d+)?(?:,\d{1,6}(?:\.\d+)?){0,19}$/u,
      'must be seconds with commas, such as 5,60,300',
    )
    .default('5,60,300,1800,7200,18000,36000,50400,72000,86400'),
  WEBHOOK_PRIVATE_NETWORKS: z
    .string()
    .refine(isNetworkList, 'must be networks with commas, such as 10.2.0.0/16,fd00:1::/32')
    .default(''),
  OBJECT_STORE_ALLOW: z
    .string()
    .regex(
      /^(?:[^=,\s]+=[a-z0-9][a-z0-9.-]{1,62}(?:\/[^,]*)?(?:,(?=.)|$))*$/u,
      'must be tenant=bucket/prefix with commas, such as default=nights/in,default=nights/out',
    )
    .default(''),
  OBJECT_STORE_PATH_STYLE: z.enum(['on', 'off']).default('off'),
  OBJECT_STORE_SECONDS: z.coerce.number().min(0.05).max(600).default(1),
  SCHEDULE_SECONDS: z.coerce.number().min(0.05).max(600).default(5),
  CRASH_AT: z.string().optional(),
});

export type Environment = z.infer<typeof environment>;
export type Config = Readonly<Omit<Environment, 'QUEUE_URL'> & { QUEUE_URL: string }>;

/** Names every faulty variable at once, with what it should be; values are not shown, some are secrets. */
export class ConfigError extends Error {
  constructor(problems: string[]) {
    super(
      `The environment is not usable:\n${problems
        .toSorted()
        .map((problem) => `  - ${problem}`)
        .join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/**
 * Reads and checks the whole environment. `NAME_FILE` gives NAME by a file, as Compose and Docker mount secrets.
 * QUEUE_URL wins over REDIS_HOST; with neither, the queue lives in PostgreSQL, at DATABASE_URL. The feature store lies on
 * the queue's Redis unless FEATURE_STORE_URL names another; without any Redis it lies in the api's process.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(withFiles(env)).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(set);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => {
        const name = issue.path.join('.');
        return `${name}: ${set[name] === undefined ? 'is required' : issue.message}`;
      }),
    );
  }
  const values = parsed.data;
  const QUEUE_URL = values.QUEUE_URL ?? redisUrl(values) ?? values.DATABASE_URL;
  const FEATURE_STORE_URL =
    values.FEATURE_STORE_URL ?? (/^rediss?:/u.test(QUEUE_URL) ? QUEUE_URL : undefined);
  return Object.freeze({ ...values, QUEUE_URL, FEATURE_STORE_URL });
}

/** @throws ConfigError naming every file that cannot be read. */
function withFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const problems: string[] = [];
  const read = Object.keys(environment.shape).flatMap((name) => {
    const file = env[`${name}_FILE`];
    if (!file || env[name]) return [];
    try {
      return [[name, readFileSync(file, 'utf8').trim()]];
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code})`);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...env, ...Object.fromEntries(read) };
}

function redisUrl(values: Environment): string | undefined {
  if (values.REDIS_HOST === undefined) return undefined;
  const credentials =
    values.REDIS_PASSWORD === undefined ? '' : `:${encodeURIComponent(values.REDIS_PASSWORD)}@`;
  return `redis://${credentials}${values.REDIS_HOST}:${values.REDIS_PORT}`;
}
