import type { ColumnType, Generated } from 'kysely';
import type { JobInput } from '#shared/jobs/job-input.ts';

/** The tables as Kysely sees them; `schema.int.test.ts` holds every column against the live catalogue. */
export type Database = {
  tenants: TenantsTable;
  api_keys: ApiKeysTable;
  models: ModelsTable;
  model_activations: ModelActivationsTable;
  model_grants: ModelGrantsTable;
  model_trials: ModelTrialsTable;
  threshold_sets: ThresholdSetsTable;
  job_thresholds: JobThresholdsTable;
  tier_overrides: TierOverridesTable;
  equity_reports: EquityReportsTable;
  jobs: JobsTable;
  chunks: ChunksTable;
  rejections: RejectionsTable;
  /** A view of score_blocks. */
  predictions: PredictionsTable;
  /** A view of score_blocks and online_rows. */
  audit_log: AuditLogTable;
  score_chunks: ScoreChunksTable;
  score_blocks: ScoreBlocksTable;
  order_blocks: OrderBlocksTable;
  patient_blocks: PatientBlocksTable;
  online_rows: OnlineRowsTable;
  audit_events: AuditEventsTable;
  audit_batches: AuditBatchesTable;
  audit_seals: AuditSealsTable;
  audit_seal_entries: AuditSealEntriesTable;
  log_queue: LogQueueTable;
  retention_marks: RetentionMarksTable;
  partition_marks: PartitionMarksTable;
  log_entries: LogEntriesTable;
  log_nodes: LogNodesTable;
  log_checkpoints: LogCheckpointsTable;
  model_shadows: ModelShadowsTable;
  shadow_chunks: ShadowChunksTable;
  shadow_predictions: ShadowPredictionsTable;
  chunk_histograms: ChunkHistogramsTable;
  chunk_outputs: ChunkOutputsTable;
  job_drift: JobDriftTable;
  facility_drift: FacilityDriftTable;
  drift_alarms: DriftAlarmsTable;
  outcomes: OutcomesTable;
  derived_jobs: DerivedJobsTable;
  backups: BackupsTable;
  facilities: FacilitiesTable;
  people: PeopleTable;
  person_areas: PersonAreasTable;
  sessions: SessionsTable;
  invitations: InvitationsTable;
  login_flows: LoginFlowsTable;
  login_limits: LoginLimitsTable;
  contacts: ContactsTable;
  job_facilities: JobFacilitiesTable;
  job_publications: JobPublicationsTable;
  current_lists: CurrentListsTable;
  job_sources: JobSourcesTable;
  job_objects: JobObjectsTable;
  job_outputs: JobOutputsTable;
  job_parts: JobPartsTable;
  schedules: SchedulesTable;
  schedule_runs: ScheduleRunsTable;
  webhook_endpoints: WebhookEndpointsTable;
  webhook_events: WebhookEventsTable;
  webhook_deliveries: WebhookDeliveriesTable;
};

type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** `YYYY-MM-DD`; the pool parses dates as text, so that no time zone touches them. */
type IsoDate = string;
/** int8; the pool parses it as number: counts of rows stay far below 2^53. */
type Count = Generated<number>;

export type ApiScope = 'submit' | 'read' | 'audit' | 'admin';

export type Role = 'worker' | 'supervisor' | 'officer' | 'scientist' | 'auditor' | 'admin';

export type Language = 'en' | 'fr' | 'ha';

/** What came of a call: will come · has medicine · not going through · … */
export type ContactResult =
  | 'will_come'
  | 'has_medicine'
  | 'no_answer'
  | 'wrong_number'
  | 'transferred'
  | 'died'
  | 'other';

/**
 * receiving → queued → running → completed | partial | failed | cancelled;
 * receiving → aborted when the upload did not end well.
 * A job turns `running` when its first chunk is leased; a running job whose upload still goes on stays
 * `receiving` until the upload has ended.
 */
export type JobStatus =
  | 'receiving'
  | 'queued'
  | 'running'
  | 'completed'
  | 'partial'
  | 'failed'
  | 'cancelled'
  | 'aborted';

/** pending → leased → done | quarantined | cancelled; leased → pending by the sweeper with epoch + 1. */
export type ChunkState = 'pending' | 'leased' | 'done' | 'quarantined' | 'cancelled';

export type Priority = 'low' | 'normal' | 'high';

type TenantsTable = { id: Generated<number>; name: string; created_at: Generated<Date> };

type ApiKeysTable = {
  id: Generated<string>;
  tenant_id: number;
  name: string;
  lookup: string;
  secret_hash: Buffer;
  scopes: ApiScope[];
  kind: Generated<'machine' | 'person'>;
  created_at: Generated<Date>;
  expires_at: Timestamp | null;
  revoked_at: Timestamp | null;
};

type ModelsTable = {
  id: Generated<number>;
  version: string;
  sha256: Buffer;
  manifest: ColumnType<unknown, string, string>;
  content: Buffer;
  created_at: Generated<Date>;
  created_by: string;
  owner_tenant_id: number | null;
  /** ReferenceRows of shared/models/manifest.ts */
  drift_reference: ColumnType<unknown, string | null | undefined, never> | null;
};

type ModelGrantsTable = {
  model_id: number;
  tenant_id: number;
  granted_at: Generated<Date>;
  granted_by: string;
};

type ModelActivationsTable = {
  id: Generated<number>;
  tenant_id: number;
  model_id: number;
  activated_at: Generated<Date>;
  activated_by: string;
  reason: string | null;
  approver: string | null;
  expires_on: IsoDate | null;
  is_silent: Generated<boolean>;
};

type ModelTrialsTable = {
  id: Generated<number>;
  tenant_id: number;
  model_id: number;
  rule: ColumnType<unknown, string, never>;
  reason: string;
  started_at: Generated<Date>;
  started_by: string;
  ends_on: IsoDate;
  decision: 'go' | 'no_go' | null;
  decided_at: Timestamp | null;
  decided_by: string | null;
  approver: string | null;
  decision_reason: string | null;
  findings: ColumnType<unknown, string | null, string> | null;
};

type ThresholdSetsTable = {
  id: Generated<number>;
  tenant_id: number;
  model_id: number;
  version: number;
  tiers: ColumnType<unknown, string, never>;
  reason: string;
  approver: string;
  review_on: IsoDate;
  created_at: Generated<Date>;
  created_by: string;
};

type JobThresholdsTable = { job_id: string; threshold_set_id: number };

type TierOverridesTable = {
  id: Generated<number>;
  tenant_id: number;
  job_id: string;
  row_no: number;
  patient_id: string;
  scored_tier: number;
  tier: number;
  reason: string;
  recorded_at: Generated<Date>;
  recorded_by: string;
};

type EquityReportsTable = {
  tenant_id: number;
  model_id: number;
  quarter: string;
  report: ColumnType<unknown, string, never>;
  made_at: Generated<Date>;
};

type JobsTable = {
  id: string;
  tenant_id: number;
  period: IsoDate;
  name: string;
  status: JobStatus;
  priority: Generated<Priority>;
  explain: Generated<number>;
  model_id: number;
  api_key_id: string;
  actor: string;
  idempotency_key: string | null;
  request_fingerprint: Buffer | null;
  content_type: string;
  ignored_columns: Generated<string[]>;
  absent_features: Generated<string[]>;
  /** What was understood of the upload. */
  input: ColumnType<JobInput | null, string | null, string | null>;
  /** Of the body as it was received, where an idempotency key asks for it. */
  body_sha256: Buffer | null;
  rows_received: Count;
  rows_accepted: Count;
  rows_rejected: Count;
  /** Joined with another row of the same patient. */
  rows_joined: Count;
  rejections_by_code: ColumnType<Record<string, number>, string | undefined, string>;
  rows_scored: Count;
  rows_quarantined: Count;
  rows_cancelled: Count;
  duplicate_patients: Count;
  chunks_total: Generated<number>;
  chunks_done: Generated<number>;
  chunks_quarantined: Generated<number>;
  chunks_cancelled: Generated<number>;
  tier_low: Count;
  tier_medium: Count;
  tier_high: Count;
  error_code: string | null;
  error_message: string | null;
  revision: Count;
  heartbeat_at: Generated<Date>;
  created_at: Generated<Date>;
  started_at: Timestamp | null;
  received_at: Timestamp | null;
  finished_at: Timestamp | null;
  indexed_rows: Generated<number> | null;
};

type ChunksTable = {
  job_id: string;
  chunk_no: number;
  state: Generated<ChunkState>;
  epoch: Generated<number>;
  attempts: Generated<number>;
  row_count: number;
  payload: Buffer;
  payload_sha256: Buffer;
  lease_owner: string | null;
  lease_until: Timestamp | null;
  ring_after: Generated<Date>;
  error_code: string | null;
  error_message: string | null;
  created_at: Generated<Date>;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
};

type RejectionsTable = {
  job_id: string;
  row_no: number;
  line: number;
  field: string | null;
  code: string;
  message: string;
  sheet: string | null;
  patient_id: string | null;
  facility_id: string | null;
  due_date: IsoDate | null;
};

type PredictionsTable = {
  period: IsoDate;
  job_id: string;
  row_no: number;
  tenant_id: number;
  chunk_no: number;
  patient_id: string;
  facility_id: string | null;
  due_date: IsoDate | null;
  raw_score: number;
  risk: number;
  tier: number;
  reason_features: number[] | null;
  reason_contributions: number[] | null;
  reason_values: (number | null)[] | null;
  identifiers: Record<string, unknown> | null;
};

type ScoreChunksTable = {
  period: IsoDate;
  job_id: string;
  chunk_no: number;
  tenant_id: number;
  form: number;
  first_row: number;
  last_row: number;
  row_count: number;
  recorded_at: Timestamp;
  api_key_id: string;
  actor: string;
  model_version: string;
  model_sha256: Buffer;
  salt_key: Buffer | null;
  row_root: Buffer | null;
  input_root: Buffer | null;
};

type ScoreBlocksTable = {
  period: IsoDate;
  job_id: string;
  first_row: number;
  chunk_no: number;
  tenant_id: number;
  row_count: number;
  reason_count: number;
  due_base: IsoDate | null;
  row_nos: number[] | null;
  patient_ids: string[];
  facilities: string[] | null;
  facility_nos: Buffer | null;
  due_days: number[] | null;
  raw_scores: number[];
  risks: number[] | null;
  tiers: Buffer;
  reason_features: Buffer | null;
  reason_features_high: Buffer | null;
  reason_contributions: number[] | null;
  reason_values: number[] | null;
  reason_value_nos: Buffer | null;
  identifier_names: string[] | null;
  identifier_texts: string[] | null;
  identifier_nos: Buffer | null;
  input_hashes: Buffer | null;
  erased_leaves: Buffer | null;
};

type OrderBlocksTable = {
  period: IsoDate;
  job_id: string;
  list: string;
  neg_risk: number;
  first_row: number;
  first_place: number;
  tier_counts: number[];
  entries: number[];
};

type PatientBlocksTable = {
  period: IsoDate;
  job_id: string;
  first_hash: number;
  hashes: number[];
  row_nos: number[];
};

type AuditLogTable = {
  period: IsoDate;
  job_id: string;
  row_no: number;
  tenant_id: number;
  chunk_no: number;
  recorded_at: Timestamp;
  source: 'job' | 'online';
  api_key_id: string;
  actor: string;
  patient_id: string;
  model_version: string;
  model_sha256: Buffer;
  raw_score: number;
  risk: number;
  tier: number;
  input_hash: Buffer;
  input: Buffer | null;
};

type OnlineRowsTable = {
  period: IsoDate;
  job_id: string;
  row_no: number;
  tenant_id: number;
  chunk_no: number;
  recorded_at: Timestamp;
  source: 'online';
  api_key_id: string;
  actor: string;
  patient_id: string | null;
  model_version: string;
  model_sha256: Buffer;
  raw_score: number;
  risk: number;
  tier: number;
  input_hash: Buffer | null;
  input: Buffer | null;
  salt: Buffer | null;
  erased_leaf: Buffer | null;
};

type AuditEventsTable = {
  id: string;
  tenant_id: number;
  recorded_at: Timestamp;
  actor: string;
  api_key_id: string | null;
  network_address: string | null;
  action: string;
  outcome: 'success' | 'refused' | 'failure';
  entity: string | null;
  entity_salt: Buffer | null;
  entity_hash: Buffer | null;
  details: ColumnType<Record<string, unknown>, string | undefined, never>;
  digest: Buffer;
};

type AuditBatchesTable = {
  job_id: string;
  chunk_no: number;
  tenant_id: number;
  period: IsoDate;
  row_count: number;
  digest: Buffer;
  recorded_at: Timestamp;
};

type AuditSealsTable = {
  id: number;
  previous_hash: Buffer;
  entry_count: number;
  hash: Buffer;
  sealed_at: Timestamp;
};

type AuditSealEntriesTable = {
  seal_id: number;
  position: number;
  kind: 'batch' | 'event';
  ref: string;
  digest: Buffer;
};

type RetentionMarksTable = {
  kind: 'inputs' | 'rejections' | 'shadows' | 'outcomes';
  before: IsoDate;
  cleared_at: Generated<Date>;
};

type PartitionMarksTable = {
  parent: string;
  day: IsoDate;
  mark: Generated<string>;
  changed_by: Generated<string>;
};

type LogQueueTable = {
  id: Generated<number>;
  kind: 'batch' | 'event' | 'seal';
  ref: string;
  digest: Buffer;
};

type LogEntriesTable = {
  entry_no: number;
  kind: 'batch' | 'event' | 'seal';
  ref: string;
  digest: Buffer;
};

type LogNodesTable = {
  level: number;
  node_no: number;
  hash: Buffer;
};

type LogCheckpointsTable = {
  origin: string;
  tree_size: number;
  root: Buffer;
  note: string;
  signed_at: Generated<Date>;
};

type ModelShadowsTable = {
  id: Generated<number>;
  tenant_id: number;
  model_id: number;
  started_at: Generated<Date>;
  started_by: string;
  stopped_at: Timestamp | null;
  stopped_by: string | null;
};

type ShadowChunksTable = {
  shadow_id: number;
  job_id: string;
  chunk_no: number;
  row_count: number;
  error_code: string | null;
  scored_at: Generated<Date>;
};

type ShadowPredictionsTable = {
  shadow_id: number;
  job_id: string;
  row_no: number;
  champion_risk: number;
  champion_tier: number;
  raw_score: number;
  risk: number;
  tier: number;
};

type ChunkHistogramsTable = {
  job_id: string;
  chunk_no: number;
  counts: Buffer;
  facilities: Buffer | null;
};

type ChunkOutputsTable = {
  job_id: string;
  chunk_no: number;
  first_row: number;
  last_row: number;
  row_nos: number[];
  outputs: number[];
};

type JobDriftTable = {
  job_id: string;
  tenant_id: number;
  model_id: number;
  row_count: number;
  counts: Buffer;
  score_psi: number;
  feature_psi: ColumnType<Record<string, number>, string, never>;
  drifted: string[];
  finished_at: Timestamp;
  measured_at: Generated<Date>;
  population: ColumnType<unknown, string | undefined, string>;
  findings: ColumnType<unknown, string | undefined, string>;
  estimated: ColumnType<unknown, string | null, string | null> | null;
  sketch: Generated<number[]>;
  concentration: Generated<number>;
};

type FacilityDriftTable = {
  job_id: string;
  facility_id: string;
  tenant_id: number;
  model_id: number;
  population: ColumnType<unknown, string, string>;
  row_count: number;
  counts: Buffer;
  sketch: number[];
  finished_at: Timestamp;
};

type DriftAlarmsTable = {
  id: Generated<number>;
  tenant_id: number;
  model_id: number;
  facility_id: string;
  subject: string;
  population: ColumnType<unknown, string, never>;
  finding: ColumnType<unknown, string, string>;
  row_count: number;
  counts: Buffer;
  first_job_id: string;
  last_job_id: string;
  job_count: Generated<number>;
  raised_at: Generated<Date>;
  seen_at: Generated<Date>;
  acknowledged_at: Timestamp | null;
  acknowledged_by: string | null;
  reason: string | null;
  is_expected: boolean | null;
};

type OutcomesTable = {
  tenant_id: number;
  job_id: string;
  row_no: number;
  model_id: number;
  patient_id: string;
  scored_on: IsoDate;
  risk: number;
  interrupted: boolean;
  known_on: IsoDate;
  recorded_at: Generated<Date>;
  recorded_by: string;
  facility_id: string | null;
  tier: number | null;
  is_at_risk: boolean | null;
  sex: string | null;
  age_group: string | null;
  art_group: string | null;
  described_at: Timestamp | null;
};

type DerivedJobsTable = { job_id: string; derived_at: Generated<Date> };

type BackupsTable = {
  name: string;
  uri: string;
  started_at: ColumnType<Date, Date | string, never>;
  taken_at: ColumnType<Date, Date | string, never>;
  finished_at: Generated<Date>;
  row_count: number;
  byte_count: number;
};

type FacilitiesTable = {
  tenant_id: number;
  id: string;
  name: string;
  lga: Generated<string>;
  state: Generated<string>;
  source: 'registry' | 'line_list';
  updated_at: Generated<Date>;
  updated_by: string;
};

type PeopleTable = {
  id: Generated<string>;
  tenant_id: number;
  api_key_id: string;
  email: string;
  name: string;
  role: Role;
  language: Generated<Language>;
  time_zone: Generated<string>;
  password_hash: string | null;
  totp_secret: Buffer | null;
  totp_step: Generated<number>;
  oidc_subject: string | null;
  created_at: Generated<Date>;
  created_by: string;
  last_login_at: Timestamp | null;
  disabled_at: Timestamp | null;
};

type PersonAreasTable = {
  person_id: string;
  kind: 'all' | 'state' | 'lga' | 'facility';
  state: Generated<string>;
  lga: Generated<string>;
  facility_id: Generated<string>;
};

type SessionsTable = {
  token_hash: Buffer;
  person_id: string;
  method: 'password' | 'link' | 'oidc';
  created_at: Generated<Date>;
  last_seen_at: Timestamp;
  expires_at: Timestamp;
  ended_at: Timestamp | null;
};

type InvitationsTable = {
  token_hash: Buffer;
  person_id: string;
  purpose: 'invitation' | 'login';
  created_at: Generated<Date>;
  created_by: string;
  expires_at: Timestamp;
  used_at: Timestamp | null;
};

type LoginFlowsTable = {
  state_hash: Buffer;
  nonce: string;
  verifier: string;
  next_path: string;
  expires_at: Timestamp;
};

type LoginLimitsTable = { key: string; points: Generated<number>; expire: number | null };

type ContactsTable = {
  id: Generated<string>;
  tenant_id: number;
  facility_id: string;
  patient_id: string;
  job_id: string | null;
  due_date: IsoDate | null;
  contacted_on: IsoDate;
  result: ContactResult;
  coming_on: IsoDate | null;
  recorded_at: Generated<Date>;
  recorded_by: string;
  api_key_id: string;
  returned_on: IsoDate | null;
};

type JobFacilitiesTable = {
  job_id: string;
  facility_id: string;
  tenant_id: number;
  row_count: number;
  tier_low: number;
  tier_medium: number;
  tier_high: number;
  risk_sum: number;
  not_predicted: number;
};

type JobPublicationsTable = {
  job_id: string;
  tenant_id: number;
  finished_at: Timestamp;
  published_at: Generated<Date>;
  is_current_list: boolean;
};

type CurrentListsTable = { tenant_id: number; facility_id: string; job_id: string; finished_at: Timestamp };

type WebhookEndpointsTable = {
  id: Generated<string>;
  tenant_id: number;
  url: string;
  description: string;
  events: string[];
  form: 'standard' | 'cloudevents';
  secret: Buffer;
  previous_secret: Generated<Buffer | null>;
  previous_until: Generated<Date | null>;
  created_at: Generated<Date>;
  created_by: string;
  disabled_at: Generated<Date | null>;
  disabled_reason: Generated<string | null>;
};

type WebhookEventsTable = {
  id: Generated<string>;
  tenant_id: number | null;
  type: string;
  subject: string;
  occurred_at: Generated<Date>;
  data: ColumnType<Record<string, unknown>, string, never>;
};

type WebhookDeliveriesTable = {
  event_id: string;
  endpoint_id: string;
  state: Generated<'pending' | 'delivered' | 'dead'>;
  attempts: Generated<number>;
  next_at: Generated<Date>;
  last_attempt_at: Generated<Date | null>;
  last_status: Generated<number | null>;
  last_error: Generated<string | null>;
};

type JobSourcesTable = {
  job_id: string;
  tenant_id: number;
  uri: string;
  options: ColumnType<Record<string, unknown>, string, never>;
  state: Generated<'reading' | 'read' | 'failed'>;
  epoch: Generated<number>;
  attempts: Generated<number>;
  next_at: Generated<Date>;
  created_at: Generated<Date>;
};

type JobObjectsTable = {
  job_id: string;
  object_no: number;
  bucket: string;
  key: string;
  etag: string;
  byte_count: number;
  state: Generated<'pending' | 'read'>;
  first_row: Generated<number | null>;
  row_count: Generated<number | null>;
};

type JobOutputsTable = {
  job_id: string;
  tenant_id: number;
  uri: string;
  format: 'parquet' | 'csv' | 'ndjson';
  state: Generated<'waiting' | 'written' | 'failed'>;
  epoch: Generated<number>;
  attempts: Generated<number>;
  next_at: Generated<Date>;
  error: Generated<string | null>;
};

type JobPartsTable = {
  job_id: string;
  part_no: number;
  key: string;
  row_count: number;
  byte_count: number;
  sha256: Buffer;
  last_row: number;
};

type SchedulesTable = {
  id: Generated<string>;
  tenant_id: number;
  name: string;
  cron: string;
  time_zone: string;
  query: ColumnType<Record<string, unknown>, string, string>;
  document: ColumnType<Record<string, unknown>, string, string>;
  overlap: 'skip' | 'wait' | 'allow';
  catch_up: 'none' | 'latest';
  deadline_minutes: number;
  api_key_id: string;
  actor: string;
  next_at: Timestamp;
  paused_at: Generated<Date | null>;
  created_at: Generated<Date>;
};

type ScheduleRunsTable = {
  schedule_id: string;
  due_at: Timestamp;
  state: Generated<'starting' | 'started' | 'skipped' | 'missed' | 'failed'>;
  job_id: Generated<string | null>;
  attempts: Generated<number>;
  next_at: Generated<Date>;
  error: Generated<string | null>;
};
