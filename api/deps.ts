import type { ObjectStore } from '#api/objects/object-store.ts';
import type { Pool } from 'pg';
import type { RecordEvent } from '#api/audit/record-access.ts';
import type { Authenticator } from '#api/auth/authenticator.ts';
import type { RefusalLedger } from '#api/auth/refusal-ledger.ts';
import type { Readiness } from '#api/health/readiness.ts';
import type { CursorCodec } from '#api/http/cursor.ts';
import type { MessageReaders } from '#api/ingest/patients/message-readers.ts';
import type { JobReader } from '#api/jobs/job-reader.ts';
import type { BodyReader } from '#api/http/read-body.ts';
import type { Limits } from '#api/limits/limits.ts';
import type { MemoryBudget } from '#api/limits/memory-budget.ts';
import type { UploadLimiter } from '#api/limits/upload-limiter.ts';
import type { ApiMetrics } from '#api/metrics/api-metrics.ts';
import type { ModelJudge } from '#api/models/registration/run-child.ts';
import type { Online } from '#api/online/online.ts';
import type { ReasonTextStore } from '#api/results/reason-text-store.ts';
import type { FacilityRows } from '#api/calls/call-list.ts';
import type { LoginLimits } from '#api/people/login-limits.ts';
import type { OidcLogin } from '#api/people/oidc.ts';
import type { SecretBox } from '#api/people/sealed-secret.ts';
import type { Sessions } from '#api/people/sessions.ts';
import type { TimeZone } from '#patients/values/time-zone.ts';
import type { Clock } from '#shared/clock/clock.ts';
import type { Config } from '#shared/config/config.ts';
import type { Db } from '#shared/db/database.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { ModelStore } from '#shared/models/store.ts';
import type { Doorbell } from '#shared/queue/doorbell.ts';
import type { Tracer } from '#shared/tracing/tracer.ts';

/** Everything that a route may use. Only main.ts (and a test's own root) makes one. */
export type ApiDeps = {
  config: Config;
  pool: Pool;
  db: Db;
  clock: Clock;
  /** Where the programme is: which day it is there. */
  zone: TimeZone;
  log: Logger;
  tracer: Tracer;
  metrics: ApiMetrics;
  authenticator: Authenticator;
  refusals: RefusalLedger;
  sessions: Sessions;
  loginLimits: LoginLimits;
  /** Second factors as the database keeps them. */
  secrets: SecretBox;
  /** Where people log in, if not here. */
  oidc: OidcLogin | undefined;
  recordEvent: RecordEvent;
  readiness: Readiness;
  uploads: UploadLimiter;
  /** Threads that read patient messages. */
  readers: MessageReaders;
  /** Of everything that is held for foreign work. */
  memory: MemoryBudget;
  bodies: BodyReader;
  limits: Limits;
  doorbell: Doorbell;
  crash: CrashPoints;
  models: ModelStore;
  modelJudge: ModelJudge;
  /** Object storage; loads nothing until it is asked. */
  objects: ObjectStore;
  /** Jobs for those who poll. */
  jobs: JobReader;
  cursors: CursorCodec;
  reasonTexts: ReasonTextStore;
  /** Current lists, kept for a minute. */
  facilityRows: FacilityRows;
  online: Online;
  /** Aborted when the process has begun to stop: long polls, event streams and downloads end on it. */
  stopping: AbortSignal;
};
